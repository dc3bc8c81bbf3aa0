package dev.cathode.kernels.cuda.blas;

import dev.cathode.kernels.cuda.cache.DiskCache;
import dev.cathode.kernels.cuda.library.CudaException;
import java.util.List;
import java.util.function.ToIntFunction;

/// Algorithms that were chosen once, kept on disk: by version of the library, GPU, product and workspace.
public final class AlgorithmCache {
    private final CublasLt blas;
    private final CublasLt.Handle handle;
    private final String device;
    private final DiskCache cache;

    /// Algorithms for one GPU.
    ///
    /// @param device what tells GPUs apart that need different algorithms: name and chip
    public AlgorithmCache(CublasLt blas, CublasLt.Handle handle, String device, DiskCache cache) {
        this.blas = blas;
        this.handle = handle;
        this.device = device;
        this.cache = cache;
    }

    /// The algorithm for a product: the one that is kept, if the library still takes it, or the one that `choice` picks
    /// of the suggested ones.
    ///
    /// @param workspace the most device memory that one may use, in bytes
    /// @param most how many suggestions are wanted, if any
    /// @param choice the index of the best of the algorithms, for example by timing them
    /// @throws IllegalStateException if the library has none
    public Matmul.Algorithm algorithm(Matmul matmul, long workspace, int most,
                                      ToIntFunction<List<Matmul.Algorithm>> choice) {
        DiskCache.Key key = new DiskCache.Key("matmul", List.of("cuBLASLt " + blas.version(), device,
                matmul.product().toString(), Long.toString(workspace)));
        try {
            return read(key, matmul, workspace, most, choice);
        } catch (CudaException | IllegalArgumentException e) { // not the library's own after all
            cache.remove(key);
            return read(key, matmul, workspace, most, choice);
        }
    }

    private Matmul.Algorithm read(DiskCache.Key key, Matmul matmul, long workspace, int most,
                                  ToIntFunction<List<Matmul.Algorithm>> choice) {
        return matmul.algorithm(handle, cache.get(key, () -> {
            List<Matmul.Algorithm> suggested = matmul.algorithms(handle, workspace, most);
            return suggested.get(choice.applyAsInt(suggested)).data();
        }));
    }
}
