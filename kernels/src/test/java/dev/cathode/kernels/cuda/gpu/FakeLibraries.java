package dev.cathode.kernels.cuda.gpu;

import dev.cathode.kernels.cuda.blas.CublasLt;
import dev.cathode.kernels.cuda.library.CompiledLibrary;
import dev.cathode.kernels.cuda.library.CudaLibrary;
import dev.cathode.kernels.cuda.library.LibrarySearch;
import dev.cathode.kernels.cuda.library.NativeLibrary;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// The libraries of a GPU beside its driver, played by C files of the tests.
public final class FakeLibraries {
    private FakeLibraries() { }

    /// A search that looks into folders first.
    public static LibrarySearch search(Path... folders) {
        return LibrarySearch.of(Map.of("CATHODE_CUDA_PATH", Stream.of(folders).map(Path::toString)
                .collect(Collectors.joining(":"))));
    }

    /// NVRTC for CUDA 13, which compiles nothing.
    public static NativeLibrary nvrtc(Path folder) throws IOException, InterruptedException {
        return CompiledLibrary.open(FakeLibraries.class, "fake-nvrtc.c", CudaLibrary.NVRTC, "libnvrtc.so.13", folder);
    }

    /// cuBLASLt for CUDA 13, by loops.
    public static NativeLibrary cublasLt(Path folder) throws IOException, InterruptedException {
        return CompiledLibrary.open(CublasLt.class, "fake-cublaslt.c", CudaLibrary.CUBLAS_LT, "libcublasLt.so.13", folder,
                "-lm", "-DANYWHERE");
    }

    /// cuDNN 9, which says that it has run.
    public static NativeLibrary cudnn(Path folder) throws IOException, InterruptedException {
        return CompiledLibrary.open(FakeLibraries.class, "fake-cudnn.c", CudaLibrary.CUDNN, "libcudnn.so.9", folder);
    }
}
