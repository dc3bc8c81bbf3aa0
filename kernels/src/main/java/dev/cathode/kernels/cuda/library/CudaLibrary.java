package dev.cathode.kernels.cuda.library;

import java.util.List;
import java.util.stream.Stream;

/// A library of NVIDIA's that the CUDA device calls: its file names, and where to get it.
public enum CudaLibrary {
    /// The driver API; it comes with the GPU's driver and with nothing else.
    DRIVER("CUDA driver", List.of("libcuda.so.1"), List.of(),
            "install NVIDIA's driver for this GPU (580 or newer for CUDA 13, 525 or newer for CUDA 12); in a container,"
                    + " start it with the GPUs passed through (--gpus all)"),
    /// The compiler of kernels.
    NVRTC("NVRTC", List.of(), List.of("libnvrtc.so"),
            "pip install nvidia-cuda-nvrtc (CUDA 12: nvidia-cuda-nvrtc-cu12) or the package cuda-nvrtc-13-0 of NVIDIA's"
                    + " repository"),
    /// Matrix products.
    CUBLAS_LT("cuBLASLt", List.of(), List.of("libcublasLt.so"),
            "pip install nvidia-cublas (CUDA 12: nvidia-cublas-cu12) or the package libcublas-13-0 of NVIDIA's"
                    + " repository"),
    /// Convolutions and attention.
    CUDNN("cuDNN", List.of("libcudnn.so.9"), List.of(),
            "pip install nvidia-cudnn-cu13 (CUDA 12: nvidia-cudnn-cu12) or the package cudnn9-cuda-13 of NVIDIA's"
                    + " repository"),
    /// Sums over several GPUs; one GPU needs none of it.
    NCCL("NCCL", List.of("libnccl.so.2"), List.of(),
            "pip install nvidia-nccl-cu13 (CUDA 12: nvidia-nccl-cu12) or the package libnccl2 of NVIDIA's repository;"
                    + " only several GPUs need it");

    /// The majors of CUDA that the bindings know, best first.
    public static final List<Integer> MAJORS = List.of(13, 12);

    private final String title;
    private final List<String> fixed;
    private final List<String> versioned;
    private final String remedy;

    CudaLibrary(String title, List<String> fixed, List<String> versioned, String remedy) {
        this.title = title;
        this.fixed = fixed;
        this.versioned = versioned;
        this.remedy = remedy;
    }

    /// Its name for people.
    public String title() {
        return title;
    }

    /// How to get it: half a sentence.
    public String remedy() {
        return remedy;
    }

    /// Whether its file name says which CUDA it belongs to.
    boolean followsCuda() {
        return !versioned.isEmpty();
    }

    /// The file names it has in one major version of CUDA.
    List<String> names(int major) {
        return Stream.concat(fixed.stream(), versioned.stream().map(name -> name + "." + major)).toList();
    }
}
