package dev.cathode.bench.gpu;

import dev.cathode.engine.runtime.Device;
import dev.cathode.engine.runtime.cuda.CudaDevice;
import dev.cathode.engine.runtime.cuda.CudaOptions;
import dev.cathode.kernels.cuda.CudaMachine;
import dev.cathode.kernels.cuda.dnn.Cudnn;
import dev.cathode.kernels.cuda.dnn.DeviceDescription;
import dev.cathode.kernels.cuda.driver.CudaContext;
import dev.cathode.kernels.cuda.driver.CudaDriver;
import dev.cathode.kernels.cuda.gpu.Gpu;
import dev.cathode.kernels.cuda.library.CudaLibrary;
import dev.cathode.kernels.cuda.library.LibrarySearch;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;

/// The parts of `tools/gpu/check.sh`, each a process of its own: one that fails takes nothing with it.
public final class GpuBench {
    private static final String USAGE = "obstacle | describe FILE | kernels FIGURES | networks FIGURES MODEL"
            + " | images FIGURES MODEL | training FIGURES MODEL | table FIGURES";
    private static final int GPU = Integer.getInteger("cathode.gpu", 0);

    private GpuBench() { }

    /// Does one part.
    ///
    /// @param args [#USAGE]
    public static void main(String[] args) throws IOException {
        String part = args.length == 0 ? "" : args[0];
        int wanted = switch (part) {
            case "obstacle" -> 1;
            case "networks", "images", "training" -> 3;
            default -> 2;
        };
        if (args.length != wanted) {
            throw new IllegalArgumentException(USAGE);
        }
        switch (part) {
            case "obstacle" -> obstacle();
            case "describe" -> describe(Path.of(args[1]));
            case "kernels" -> {
                try (CudaMachine machine = Gpu.open(GPU)) {
                    System.out.println(machine.description());
                    kernels(machine, 1, AttentionTimes.STABLE_DIFFUSION, appender(Path.of(args[1])));
                }
            }
            case "networks" -> {
                try (Device device = device()) {
                    times(args).networks(device);
                }
            }
            case "images" -> times(args).images(device(), 50, 75);
            case "training" -> times(args).training(GpuBench::device, 8, 32, 64);
            case "table" -> table(Path.of(args[1])).forEach(System.out::println);
            default -> throw new IllegalArgumentException("no part is called " + part + ": " + USAGE);
        }
    }

    private static Device device() {
        return new CudaDevice(Gpu.open(GPU), CudaOptions.defaults());
    }

    private static NetworkTimes times(String[] args) {
        return new NetworkTimes(Path.of(args[2]), 20, 512, appender(Path.of(args[1])));
    }

    /// Ends with 3 and one line if there is no GPU that can be used.
    private static void obstacle() {
        Optional<String> obstacle = Gpu.obstacle(GPU, LibrarySearch.ofSystem());
        obstacle.ifPresent(reason -> {
            System.err.println(reason);
            System.exit(3);
        });
    }

    /// Saves cuDNN's description of the GPU, from which plans can be made where it is not.
    private static void describe(Path file) throws IOException {
        LibrarySearch search = LibrarySearch.ofSystem();
        CudaDriver driver = CudaDriver.open(search);
        search.find(CudaLibrary.CUBLAS_LT, driver.majors()).orThrow(); // which cuDNN loads by its name alone
        Cudnn cudnn = new Cudnn(search.find(CudaLibrary.CUDNN, driver.majors()).orThrow());
        try (CudaContext context = driver.context(driver.device(GPU))) {
            context.makeCurrent();
            try (Cudnn.Handle handle = cudnn.handle(); DeviceDescription gpu = DeviceDescription.of(cudnn, handle)) {
                Files.writeString(file, gpu.json());
            }
        }
    }

    /// Ceilings, kernels and attention.
    ///
    /// @param divisor of all sizes: 1 on a GPU
    /// @param attentions as [AttentionTimes] takes them
    static void kernels(CudaMachine machine, int divisor, int[][] attentions, Consumer<Figure> found) {
        MachineTimer large = new MachineTimer(machine, 4, 9);
        Ceilings ceilings = Ceilings.measure(large, (4L << 30) / divisor / divisor / divisor, 8192 / divisor / divisor);
        found.accept(Figure.of("copy, read and written", ceilings.bytes() * 1e-12, "TB/s"));
        found.accept(Figure.of("product of 8192×8192, bf16", ceilings.flops() * 1e-12, "TFLOP/s"));
        MachineTimer small = divisor == 1 ? new MachineTimer(machine, 20, 15) : new MachineTimer(machine, 4, 1);
        new KernelTimes(small, ceilings, divisor, found).run();
        new AttentionTimes(small, ceilings, found).run(attentions);
    }

    /// Prints a figure and adds it to a file.
    static Consumer<Figure> appender(Path file) {
        return figure -> {
            System.out.printf(Locale.ROOT, "%-60s %12.4f %s%n", figure.name(), figure.value(), figure.unit());
            try {
                Files.writeString(file, figure.json() + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        };
    }

    /// The table of a file of figures.
    static List<String> table(Path file) throws IOException {
        return Table.of(Files.readAllLines(file).stream().filter(line -> !line.isBlank()).map(Figure::parse).toList());
    }
}
