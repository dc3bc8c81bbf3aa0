package dev.cathode.engine.golden;

import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.graph.Value;
import dev.cathode.engine.plain.PlainKernels;
import dev.cathode.engine.runtime.CompileOptions;
import dev.cathode.engine.runtime.Device;
import dev.cathode.engine.runtime.DeviceWeights;
import dev.cathode.engine.runtime.Executable;
import dev.cathode.engine.runtime.cpu.CpuDevice;
import dev.cathode.engine.runtime.cpu.CpuOptions;
import dev.cathode.kernels.cpu.ConvolutionAlgorithm;
import dev.cathode.kernels.cpu.CpuKernels;
import dev.cathode.kernels.cpu.WeightStorage;
import dev.cathode.weights.Checkpoint;
import dev.cathode.weights.Goldens;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A network on a device whose results are compared with golden files. Errors found are logged at level debug.
public final class GoldenNetwork implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(GoldenNetwork.class);
    private static final int THREADS = 2;

    /// Ways to compute, and what they may cost in precision.
    public enum Way {
        /// Formulas in double precision: if this fails, the network is wrong.
        PLAIN(ConvolutionAlgorithm.DIRECT, 1),
        /// The kernels on the Vector API, without Winograd.
        DIRECT(ConvolutionAlgorithm.DIRECT, 1),
        /// The same with Winograd wherever it fits, which the planner may find too small to be worth it.
        WINOGRAD(ConvolutionAlgorithm.WINOGRAD_4, 10),
        /// What users get: machine code where it can run.
        AUTO(ConvolutionAlgorithm.AUTO, 10);

        private final ConvolutionAlgorithm convolutions;
        /// On the goldens' tolerances.
        private final double factor;

        Way(ConvolutionAlgorithm convolutions, double factor) {
            this.convolutions = convolutions;
            this.factor = factor;
        }

        CpuKernels kernels() {
            return switch (this) {
                case PLAIN -> new PlainKernels();
                case DIRECT, WINOGRAD -> CpuKernels.vector();
                case AUTO -> CpuKernels.fastest();
            };
        }
    }

    private final String way;
    private final double factor;
    private final Device device;
    private final boolean keepsDevice;
    private final DeviceWeights weights;

    /// Opens a device for weights.
    public GoldenNetwork(Way way, Checkpoint checkpoint) {
        this(way.name(), way.factor, CpuDevice.open(options(way.convolutions).withStorage(WeightStorage.F32),
                way.kernels()), false, checkpoint);
    }

    /// Weights on a device that stays open.
    ///
    /// @param way what to call it
    /// @param factor on the goldens' tolerances
    public GoldenNetwork(String way, double factor, Device device, Checkpoint checkpoint) {
        this(way, factor, device, true, checkpoint);
    }

    private GoldenNetwork(String way, double factor, Device device, boolean keepsDevice, Checkpoint checkpoint) {
        this.way = way;
        this.factor = factor;
        this.device = device;
        this.keepsDevice = keepsDevice;
        weights = device.weights(checkpoint);
    }

    /// Opens a device that computes in mixed precision: ask for [#relativeError].
    public static GoldenNetwork mixed(ConvolutionAlgorithm convolutions, CpuKernels kernels, Checkpoint checkpoint) {
        return new GoldenNetwork("MIXED", 1, CpuDevice.open(options(convolutions).withMixedPrecision(), kernels), false,
                checkpoint);
    }

    private static CpuOptions options(ConvolutionAlgorithm convolutions) {
        return CpuOptions.defaults().withThreads(THREADS).withConvolutions(convolutions);
    }

    /// Runs a graph with all its taps; the results by name, images as `[N, C, H, W]`.
    ///
    /// @param inputs arrays of float or int
    public Map<String, float[]> run(Graph graph, Map<String, Object> inputs) {
        return run(graph, inputs, graph.taps().keySet());
    }

    /// Runs a graph with these taps.
    public Map<String, float[]> run(Graph graph, Map<String, Object> inputs, Set<String> taps) {
        try (Executable executable = device.compile(graph, weights, CompileOptions.defaults().withTaps(taps))) {
            inputs.forEach((name, values) -> {
                switch (values) {
                    case float[] floats -> executable.set(name, floats);
                    case int[] ints -> executable.set(name, ints);
                    default -> throw new IllegalArgumentException(name + ": " + values.getClass());
                }
            });
            executable.run();
            Map<String, float[]> results = new TreeMap<>();
            graph.outputs().keySet().forEach(name -> results.put(name, executable.get(name)));
            for (String tap : taps) {
                Value value = graph.taps().get(tap);
                float[] numbers = executable.get("tap." + tap);
                results.put("tap." + tap, value.shape().rank() == 4 ? channelsFirst(numbers, value.shape()) : numbers);
            }
            return results;
        }
    }

    /// Asserts that results are those of a file, within the tolerance of this way to compute. Long tensors may be
    /// stored as subsets.
    public void assertMatches(Goldens.Topic topic, String file, String tensor, float[] actual) {
        float[] expected = topic.floats(file, tensor);
        float[] compared = actual.length > expected.length ? Goldens.subset(actual, expected.length) : actual;
        double tol = topic.tol(file, tensor);
        if (LOG.isDebugEnabled()) {
            double error = 0;
            for (int i = 0; i < expected.length; i++) {
                error = Math.max(error, Math.abs((double) expected[i] - compared[i]));
            }
            LOG.debug("{} {}/{} {}: error {} = {} of the tolerance", way, topic.name(), file, tensor, error,
                    "%.2f".formatted(error / tol));
        }
        Goldens.assertClose(way + " " + topic.name() + '/' + file + ": " + tensor, compared, expected,
                factor * tol);
    }

    /// The root mean square of the difference to a tensor of a file, or the subset of it that the file holds, over that
    /// of the tensor.
    public static double relativeError(Goldens.Topic topic, String file, String tensor, float[] actual) {
        float[] expected = topic.floats(file, tensor);
        float[] compared = actual.length > expected.length ? Goldens.subset(actual, expected.length) : actual;
        double difference = 0;
        double square = 0;
        for (int i = 0; i < expected.length; i++) {
            difference += Math.pow((double) compared[i] - expected[i], 2);
            square += Math.pow(expected[i], 2);
        }
        return Math.sqrt(difference / square);
    }

    /// Asserts that every output a file holds is among the results, under the same name or as a tap, and matches.
    public void assertAllMatch(Goldens.Topic topic, String file, Map<String, float[]> results) {
        for (Goldens.Tensor output : topic.outputs(file)) {
            assertMatches(topic, file, output.name(), result(results, output.name()));
        }
    }

    /// The result that a golden file calls `name`: an output or a tap.
    public float[] result(Map<String, float[]> results, String name) {
        String ours = name.replaceFirst("^hidden\\.", "hidden_states.");
        float[] result = results.getOrDefault(ours, results.get("tap." + ours));
        if (result == null) {
            throw new AssertionError("the golden file holds " + name + ", the network gives " + results.keySet());
        }
        return result;
    }

    /// By what the goldens' tolerances are multiplied.
    public double factor() {
        return factor;
    }

    /// The topics below a folder of the goldens, `unet/sd1` and the like.
    public static List<Goldens.Topic> topics(String folder) {
        try (Stream<Path> paths = Files.list(Goldens.root().resolve(folder))) {
            return paths.filter(path -> Files.exists(path.resolve("golden.json"))).sorted()
                    .map(path -> Goldens.topic(folder + '/' + path.getFileName())).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Files of forward passes.
    public static List<String> forwardFiles(Goldens.Topic topic) {
        return topic.files().stream().filter(f -> !f.startsWith("gradients")).toList();
    }

    /// Whole numbers of a golden file as 32-bit integers.
    public static int[] ints(Goldens.Topic topic, String file, String tensor) {
        return Arrays.stream(topic.longs(file, tensor)).mapToInt(Math::toIntExact).toArray();
    }

    private static float[] channelsFirst(float[] x, Shape shape) {
        int pixels = shape.dim(1) * shape.dim(2);
        int channels = shape.last();
        float[] y = new float[x.length];
        for (int i = 0; i < x.length; i++) {
            int n = i / (pixels * channels);
            int pixel = i / channels % pixels;
            y[(n * channels + i % channels) * pixels + pixel] = x[i];
        }
        return y;
    }

    @Override
    public void close() {
        weights.close();
        if (!keepsDevice) {
            device.close();
        }
    }
}
