package dev.cathode.kernels.cuda.gpu;

import dev.cathode.kernels.cuda.blas.CublasLt;
import dev.cathode.kernels.cuda.dnn.Cudnn;
import dev.cathode.kernels.cuda.driver.CudaDevice;
import dev.cathode.kernels.cuda.driver.CudaDriver;
import dev.cathode.kernels.cuda.inventory.CudaInventory;
import dev.cathode.kernels.cuda.library.CudaLibrary;
import dev.cathode.kernels.cuda.library.LibraryException;
import dev.cathode.kernels.cuda.library.LibrarySearch;
import dev.cathode.kernels.cuda.nvrtc.Nvrtc;
import java.util.List;
import java.util.Optional;

/// NVIDIA's libraries as one GPU needs them, open.
record GpuLibraries(CudaDriver driver, CudaDevice device, Nvrtc nvrtc, CublasLt blas, Cudnn cudnn) {
    /// Why a GPU cannot be used, in one line; empty if it can. Takes no memory of it.
    static Optional<String> obstacle(int index, LibrarySearch search) {
        return CudaInventory.of(search, index).stream()
                .filter(line -> !line.usable() && !line.name().equals(CudaLibrary.NCCL.title())).findFirst()
                .map(line -> line.name() + ": " + line.detail());
    }

    /// Opens them.
    ///
    /// @throws LibraryException with what [#obstacle] says
    static GpuLibraries open(int index, LibrarySearch search) {
        obstacle(index, search).ifPresent(reason -> {
            throw new LibraryException(reason);
        });
        CudaDriver driver = CudaDriver.open(search);
        List<Integer> majors = driver.majors();
        return new GpuLibraries(driver, driver.device(index), Nvrtc.open(search, majors),
                new CublasLt(search.find(CudaLibrary.CUBLAS_LT, majors).orThrow()),
                new Cudnn(search.find(CudaLibrary.CUDNN, majors).orThrow()));
    }

    /// GPU, driver and libraries with versions.
    String description() {
        return "cuda:%d, %s, %s, %.1f GiB, driver for CUDA %d.%d, NVRTC %s, cuBLASLt %d, cuDNN %d".formatted(device.index(),
                device.name(), device.chip(), device.memory() / (double) (1L << 30), driver.version() / 1000,
                driver.version() % 1000 / 10, nvrtc.version(), blas.version(), cudnn.version());
    }
}
