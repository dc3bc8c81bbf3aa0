package dev.cathode.bench;

import dev.cathode.engine.benchmark.NetworkBenchmark.Network;
import dev.cathode.engine.benchmark.NetworkBenchmark.Subject;
import dev.cathode.engine.runtime.CompileOptions;
import dev.cathode.engine.runtime.Device;
import dev.cathode.engine.runtime.DeviceWeights;
import dev.cathode.engine.runtime.Executable;
import dev.cathode.engine.runtime.cpu.CpuDevice;
import dev.cathode.engine.runtime.cpu.CpuOptions;
import dev.cathode.kernels.cpu.ConvolutionAlgorithm;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/// Whole networks with random weights. What the planner and the fusion made is first compared with the same network by
/// direct convolutions and one kernel an operation.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 2)
@Measurement(iterations = 5)
@Fork(value = 1, jvmArgsAppend = {"--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"})
public class NetworksBenchmark {
    private static final double TOLERANCE = 1e-4;

    /// One evaluation of the U-Net, latents to a picture, or prompts to hidden states.
    @Param({"UNET", "VAE", "TEXT"})
    public Network network;
    /// Side of the picture in pixels.
    @Param("512")
    public int size;
    /// Threads; 0: all processors.
    @Param("0")
    public int threads;

    private Subject subject;
    private Device device;
    private DeviceWeights weights;
    private Executable executable;

    /// Compiles the network and checks its results.
    @Setup(Level.Trial)
    public void prepare() {
        int pool = threads == 0 ? Runtime.getRuntime().availableProcessors() : threads;
        CpuOptions options = CpuOptions.defaults().withThreads(pool);
        subject = Subject.random(network, network == Network.VAE ? 1 : 2, size, size);
        Map<String, float[]> expected = reference(options.withConvolutions(ConvolutionAlgorithm.DIRECT));
        device = CpuDevice.open(options);
        weights = device.weights(subject.weights());
        executable = device.compile(subject.graph(), weights, CompileOptions.defaults());
        run(executable).forEach((name, numbers) -> check(name, numbers, expected.get(name)));
    }

    private Map<String, float[]> reference(CpuOptions options) {
        try (Device plain = CpuDevice.open(options); DeviceWeights own = plain.weights(subject.weights());
             Executable unfused = plain.compile(subject.graph(), own, CompileOptions.defaults().withoutFusion())) {
            return run(unfused);
        }
    }

    private Map<String, float[]> run(Executable executable) {
        subject.setInputs(executable);
        executable.run();
        Map<String, float[]> outputs = new LinkedHashMap<>();
        executable.outputs().keySet().forEach(name -> outputs.put(name, executable.get(name)));
        return outputs;
    }

    /// Refuses results whose root mean square error is more than 1e-4 of their root mean square.
    static void check(String name, float[] actual, float[] expected) {
        double error = 0;
        double square = 0;
        for (int i = 0; i < expected.length; i++) {
            double difference = (double) actual[i] - expected[i];
            error += difference * difference;
            square += (double) expected[i] * expected[i];
        }
        if (!(square > 0 && error <= TOLERANCE * TOLERANCE * square)) { // also if something is no number
            throw new IllegalStateException(name + " is wrong: relative error " + Math.sqrt(error / square));
        }
    }

    /// One run.
    @Benchmark
    public void run() {
        executable.run();
    }

    /// Frees everything.
    @TearDown(Level.Trial)
    public void close() {
        executable.close();
        weights.close();
        device.close();
        subject.weights().close();
    }
}
