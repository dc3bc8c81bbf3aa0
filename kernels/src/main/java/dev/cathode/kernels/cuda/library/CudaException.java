package dev.cathode.kernels.cuda.library;

/// A call into one of NVIDIA's libraries that did not succeed.
///
/// The message holds the call, the library's own words and the code: `cuMemAlloc_v2(1099511627776 bytes): out of
/// memory (CUDA_ERROR_OUT_OF_MEMORY, 2)`.
public final class CudaException extends IllegalStateException {
    private static final long serialVersionUID = 1;

    private final String call;
    private final int code;

    /// @param call the function, and what matters of its arguments
    /// @param text the library's own words for the code
    /// @param code what the function returned
    public CudaException(String call, String text, int code) {
        this(call, text, code, "");
    }

    /// @param advice what to do, half a sentence; or empty
    public CudaException(String call, String text, int code, String advice) {
        super(call + ": " + text + " (" + code + ")" + (advice.isEmpty() ? "" : ": " + advice));
        this.call = call;
        this.code = code;
    }

    /// The function that failed.
    public String call() {
        return call;
    }

    /// What it returned: CUresult, nvrtcResult, cublasStatus_t, cudnnStatus_t or ncclResult_t.
    public int code() {
        return code;
    }
}
