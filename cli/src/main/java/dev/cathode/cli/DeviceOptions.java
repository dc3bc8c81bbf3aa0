package dev.cathode.cli;

import dev.cathode.engine.runtime.Device;
import dev.cathode.engine.runtime.cuda.CudaDevice;
import dev.cathode.engine.runtime.cuda.CudaOptions;
import dev.cathode.kernels.cuda.gpu.Gpu;
import dev.cathode.kernels.cuda.library.CudaException;
import dev.cathode.kernels.cuda.library.LibraryException;
import dev.cathode.weights.DType;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/// What computes: the processor or a GPU.
final class DeviceOptions {
    @Option(names = "--device", paramLabel = "DEVICE", defaultValue = "cpu", converter = Converter.class,
            description = "What computes: cpu (default); cuda or cuda:N, an NVIDIA GPU; or auto, a GPU if one can be"
                    + " used.")
    private Choice choice = new Choice.Cpu();
    @Option(names = "--tf32", description = "On a GPU with --dtype float32: let products round what they read to 10 bits"
            + " of mantissa, several times as fast.")
    private boolean tf32;
    @Option(names = "--deterministic", description = "On a GPU: the same bytes at every run, with algorithms that may be"
            + " slower. (A processor always gives the same bytes.)")
    private boolean deterministic;

    /// What `--device` can say.
    sealed interface Choice {
        /// The processor.
        record Cpu() implements Choice { }

        /// A GPU, by its number from 0.
        record Cuda(int index) implements Choice { }

        /// The first GPU, if it can be used.
        record Auto() implements Choice { }
    }

    /// From the command line.
    static final class Converter implements ITypeConverter<Choice> {
        private static final Pattern CUDA = Pattern.compile("cuda(?::(\\d{1,4}))?");

        @Override
        public Choice convert(String text) {
            Matcher cuda = CUDA.matcher(text);
            if (cuda.matches()) {
                return new Choice.Cuda(cuda.group(1) == null ? 0 : Integer.parseInt(cuda.group(1)));
            }
            return switch (text) {
                case "cpu" -> new Choice.Cpu();
                case "auto" -> new Choice.Auto();
                default -> throw new TypeConversionException("'" + text + "' is no device: there are cpu, cuda, cuda:N"
                        + " and auto");
            };
        }
    }

    /// Whether a GPU was asked for, if there is one.
    boolean isAsked() {
        return !(choice instanceof Choice.Cpu);
    }

    /// The GPU to compute with; empty: the processor shall.
    ///
    /// @param dtype of the GPU's numbers
    /// @param repeatable whether the same bytes are needed even if they were not asked for
    /// @param note told why `auto` takes no GPU
    /// @throws LibraryException if the GPU that was named cannot be used
    /// @throws CudaException if it does not start
    Optional<Device> gpu(DType dtype, boolean repeatable, Consumer<String> note) {
        return gpu(index -> new CudaDevice(Gpu.open(index, deterministic || repeatable), new CudaOptions(dtype, tf32)),
                note);
    }

    /// @param gpus opens a GPU by its number
    Optional<Device> gpu(IntFunction<Device> gpus, Consumer<String> note) {
        return switch (choice) {
            case Choice.Cpu _ -> Optional.empty();
            case Choice.Cuda(int index) -> Optional.of(gpus.apply(index));
            case Choice.Auto _ -> {
                try {
                    yield Optional.of(gpus.apply(0));
                } catch (LibraryException | CudaException e) {
                    note.accept("cathode: computing on the processor: " + Failures.message(e));
                    yield Optional.empty();
                }
            }
        };
    }
}
