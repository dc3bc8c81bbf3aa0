package dev.cathode.kernels.cuda.inventory;

import dev.cathode.kernels.cuda.blas.CublasLt;
import dev.cathode.kernels.cuda.dnn.Cudnn;
import dev.cathode.kernels.cuda.driver.CudaDevice;
import dev.cathode.kernels.cuda.driver.CudaDriver;
import dev.cathode.kernels.cuda.library.CudaException;
import dev.cathode.kernels.cuda.library.CudaLibrary;
import dev.cathode.kernels.cuda.library.Finding;
import dev.cathode.kernels.cuda.library.LibraryException;
import dev.cathode.kernels.cuda.library.LibrarySearch;
import dev.cathode.kernels.cuda.library.NativeLibrary;
import dev.cathode.kernels.cuda.nccl.Nccl;
import dev.cathode.kernels.cuda.nvrtc.Nvrtc;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Collectors;

/// The GPUs, the driver and the libraries of this machine, each with version and file, or with what is missing and how
/// to get it. Asking takes no memory of a GPU.
public final class CudaInventory {
    /// One part.
    ///
    /// @param detail what it is, or why it is not usable and what to do
    public record Line(String name, boolean usable, String detail) { }

    /// What the kernels and bfloat16 products need.
    private static final int LEAST_CAPABILITY = 8;

    private final LibrarySearch search;
    private final OptionalInt only;
    private final List<Line> lines = new ArrayList<>();

    private CudaInventory(LibrarySearch search, OptionalInt only) {
        this.search = search;
        this.only = only;
    }

    /// Takes stock.
    public static List<Line> of(LibrarySearch search) {
        return of(search, OptionalInt.empty());
    }

    /// Takes stock of what one GPU needs: other GPUs do not count.
    ///
    /// @param index the N of `cuda:N`; if there is no such GPU, its line says which there are
    public static List<Line> of(LibrarySearch search, int index) {
        return of(search, OptionalInt.of(index));
    }

    private static List<Line> of(LibrarySearch search, OptionalInt only) {
        CudaInventory inventory = new CudaInventory(search, only);
        Optional<CudaDriver> driver = inventory.driver();
        List<CudaDevice> devices = inventory.devices(driver);
        inventory.library(CudaLibrary.NVRTC, driver, library -> inventory.nvrtc(library, devices));
        inventory.library(CudaLibrary.CUBLAS_LT, driver, library -> {
            CublasLt blas = new CublasLt(library);
            return inventory.found(library, version(blas.version(), 10_000), blas.cudartVersion(), driver);
        });
        inventory.library(CudaLibrary.CUDNN, driver, library -> {
            Cudnn cudnn = new Cudnn(library);
            return inventory.found(library, version(cudnn.version(), 10_000), cudnn.cudartVersion(), driver);
        });
        inventory.library(CudaLibrary.NCCL, driver, library ->
                new Line(CudaLibrary.NCCL.title(), true, version(new Nccl(library).version(), 10_000) + ", "
                        + library.file()));
        return List.copyOf(inventory.lines);
    }

    /// "13.1.1" of 130101, "9.24.0" of 92400
    private static String version(long number, int unit) {
        return number / unit + "." + number % unit / 100 + "." + number % 100;
    }

    /// "13.0" of 13000
    private static String cuda(long number) {
        return number / 1000 + "." + number % 1000 / 10;
    }

    private Optional<CudaDriver> driver() {
        String title = CudaLibrary.DRIVER.title();
        switch (search.find(CudaLibrary.DRIVER)) {
            case Finding.Missing missing -> lines.add(new Line(title, false, missing.detail()));
            case NativeLibrary library -> {
                try {
                    CudaDriver driver = new CudaDriver(library);
                    lines.add(new Line(title, !driver.majors().isEmpty(), "CUDA " + cuda(driver.version()) + ", "
                            + library.file() + (driver.majors().isEmpty() ? ": too old; " + library.library().remedy()
                            : "")));
                    return Optional.of(driver);
                } catch (LibraryException | CudaException e) {
                    lines.add(new Line(title, false, e.getMessage()));
                }
            }
        }
        return Optional.empty();
    }

    private List<CudaDevice> devices(Optional<CudaDriver> driver) {
        if (driver.isEmpty()) {
            lines.add(new Line("GPU", false, "none without a driver; the CPU does everything"));
            return List.of();
        }
        try {
            driver.get().start();
            List<CudaDevice> all = driver.get().devices();
            List<CudaDevice> devices = all.stream().filter(device -> only.orElse(device.index()) == device.index())
                    .toList();
            for (CudaDevice device : devices) {
                boolean able = device.major() >= LEAST_CAPABILITY;
                lines.add(new Line("cuda:" + device.index(), able, "%s, %.1f GiB, %s, %d multiprocessors%s".formatted(
                        device.name(), device.memory() / (double) (1L << 30), device.chip(), device.multiprocessors(),
                        able ? "" : ": too old, sm_80 or newer is needed")));
            }
            if (all.isEmpty()) {
                lines.add(new Line("GPU", false, "the driver sees none: check CUDA_VISIBLE_DEVICES"));
            } else if (devices.isEmpty()) {
                lines.add(new Line("cuda:" + only.orElseThrow(), false, "no such GPU: there is " + all.stream()
                        .map(device -> "cuda:" + device.index()).collect(Collectors.joining(", "))));
            }
            return devices;
        } catch (CudaException e) {
            lines.add(new Line("GPU", false, e.getMessage()));
            return List.of();
        }
    }

    /// Asks a library that was found.
    private interface Question {
        Line ask(NativeLibrary library);
    }

    private void library(CudaLibrary library, Optional<CudaDriver> driver, Question question) {
        Line line = switch (find(library, driver)) {
            case NativeLibrary found -> {
                try {
                    yield question.ask(found);
                } catch (LibraryException | CudaException e) {
                    yield new Line(library.title(), false, e.getMessage());
                }
            }
            case Finding.Missing missing -> new Line(library.title(), false, missing.detail());
        };
        lines.add(line);
    }

    /// A library that the driver runs; if there is only one that it does not, that one.
    private Finding find(CudaLibrary library, Optional<CudaDriver> driver) {
        List<Integer> majors = driver.map(CudaDriver::majors).filter(list -> !list.isEmpty())
                .orElse(CudaLibrary.MAJORS);
        Finding fitting = search.find(library, majors);
        return fitting instanceof Finding.Missing && search.find(library) instanceof NativeLibrary newer
                ? new Finding.Missing(library, List.of(newer.name()), List.of("-"), List.of(
                tooNew(newer, newer.major() * 1000L, driver.orElseThrow()))) : fitting;
    }

    private static String tooNew(NativeLibrary library, long made, CudaDriver driver) {
        return library.file() + " is made for CUDA " + made / 1000 + ", and the driver runs CUDA "
                + cuda(driver.version()) + ": update the driver (580 or newer runs CUDA 13), or take CUDA "
                + driver.version() / 1000 + "'s";
    }

    private Line found(NativeLibrary library, String version, long made, Optional<CudaDriver> driver) {
        if (driver.isPresent() && made / 1000 > driver.get().version() / 1000) {
            return new Line(library.library().title(), false, tooNew(library, made, driver.get()) + ": "
                    + library.library().remedy());
        }
        return new Line(library.library().title(), true, version + " for CUDA " + made / 1000 + ", " + library.file());
    }

    private Line nvrtc(NativeLibrary library, List<CudaDevice> devices) {
        Nvrtc nvrtc = Nvrtc.of(library);
        List<String> chips = nvrtc.chips();
        Optional<String> unknown = devices.stream().map(CudaDevice::chip).filter(chip -> !chips.contains(chip))
                .findFirst();
        return new Line(library.library().title(), unknown.isEmpty(), nvrtc.version() + ", " + library.file()
                + unknown.map(chip -> ": does not compile for " + chip + "; " + library.library().remedy()).orElse(""));
    }
}
