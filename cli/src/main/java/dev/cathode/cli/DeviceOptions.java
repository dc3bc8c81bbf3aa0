package dev.cathode.cli;

import dev.cathode.engine.runtime.Device;
import dev.cathode.engine.runtime.cuda.CudaDevice;
import dev.cathode.engine.runtime.cuda.CudaOptions;
import dev.cathode.kernels.cuda.gpu.Gpu;
import dev.cathode.kernels.cuda.library.LibrarySearch;
import dev.cathode.weights.DType;
import java.util.Optional;
import java.util.function.Consumer;
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

    /// The GPU to compute with; empty: the processor shall.
    ///
    /// @param dtype of the GPU's numbers
    /// @param repeatable whether the same bytes are needed even if they were not asked for
    /// @param note told why `auto` takes no GPU
    /// @throws dev.cathode.kernels.cuda.library.LibraryException if the GPU that was named cannot be used
    Optional<Device> gpu(DType dtype, boolean repeatable, Consumer<String> note) {
        return switch (choice) {
            case Choice.Cpu _ -> Optional.empty();
            case Choice.Cuda(int index) -> Optional.of(open(index, dtype, repeatable));
            case Choice.Auto _ -> {
                Optional<String> obstacle = Gpu.obstacle(0, LibrarySearch.ofSystem());
                obstacle.ifPresent(why -> note.accept("cathode: computing on the processor: " + why));
                yield obstacle.isPresent() ? Optional.empty() : Optional.of(open(0, dtype, repeatable));
            }
        };
    }

    private Device open(int index, DType dtype, boolean repeatable) {
        return new CudaDevice(Gpu.open(index, deterministic || repeatable), new CudaOptions(dtype, tf32));
    }
}
