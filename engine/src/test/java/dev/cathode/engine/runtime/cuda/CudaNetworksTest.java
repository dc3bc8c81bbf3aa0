package dev.cathode.engine.runtime.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.engine.golden.GoldenNetwork;
import dev.cathode.engine.models.GoldenNetworks;
import dev.cathode.engine.runtime.CompileOptions;
import dev.cathode.engine.runtime.DeviceWeights;
import dev.cathode.engine.runtime.Executable;
import dev.cathode.kernels.cuda.Machines;
import dev.cathode.kernels.cuda.ShimMachine;
import dev.cathode.weights.Checkpoint;
import dev.cathode.weights.DType;
import dev.cathode.weights.FileTensor;
import dev.cathode.weights.Goldens;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Every tiny network, by the CUDA kernels, on the CPU unless a GPU is asked for.
class CudaNetworksTest {
    @BeforeAll
    static void kernelsCanRun() {
        Optional<String> reason = Machines.missing(ShimMachine.Options.QUICK);
        Assumptions.assumeTrue(reason.isEmpty(), reason.orElse(""));
    }

    private static CudaDevice device(DType type) {
        return new CudaDevice(Machines.open(ShimMachine.Options.QUICK), CudaOptions.defaults().withDtype(type));
    }

    /// An autoencoder's file holds results of two graphs.
    private static boolean isResult(Map<String, float[]> results, String name) {
        String tap = "tap." + name.replaceFirst("^hidden\\.", "hidden_states.");
        return results.containsKey(name) || results.containsKey(tap);
    }

    /// Every block, at the tolerance of the goldens, which is far below a thousandth.
    @Test
    void everyBlockIsThatOfTheReferenceInFloat32() {
        try (CudaDevice device = device(DType.F32)) {
            for (GoldenNetworks.Run run : GoldenNetworks.tiny()) {
                try (var network = new GoldenNetwork("CUDA", 1, device, run.weights())) {
                    Map<String, float[]> results = network.run(run.graph(), run.inputs());
                    List<String> compared = run.topic().outputs(run.file()).stream().map(Goldens.Tensor::name)
                            .filter(name -> isResult(results, name)).toList();
                    assertFalse(compared.isEmpty(), run + " has nothing to compare");
                    compared.forEach(name -> network.assertMatches(run.topic(), run.file(), name,
                            network.result(results, name)));
                }
            }
        }
    }

    /// In float16 the outputs are right to a few thousandths of their norm.
    @Test
    void float16IsCloseToTheReference() {
        try (CudaDevice device = device(DType.F16)) {
            for (GoldenNetworks.Run run : GoldenNetworks.tiny()) {
                outputs(device, run, run.weights()).forEach((name, numbers) ->
                        assertError(run, name, numbers, 5e-3));
            }
        }
    }

    /// bfloat16 has an eighth of float16's precision. A hundredth of the norm is enough for encoders and the
    /// classifier. In U-Nets and autoencoders, deep and of random weights, rounding the weights alone, with everything
    /// else computed in float32, makes an error of about a hundredth; that of the whole must be less than three times
    /// as large: weights, what they meet, and what comes out are rounded alike.
    @Test
    void bfloat16IsAsCloseToTheReferenceAsItsWeightsAllow() {
        try (CudaDevice device = device(DType.BF16); CudaDevice wide = device(DType.F32)) {
            for (GoldenNetworks.Run run : GoldenNetworks.tiny()) {
                boolean deep = run.topic().name().startsWith("unet") || run.topic().name().startsWith("vae");
                Map<String, float[]> ofWeights = deep ? outputs(wide, run, new RoundedMatrices(run.weights())) : Map.of();
                outputs(device, run, run.weights()).forEach((name, numbers) -> assertError(run, name, numbers,
                        deep ? 3 * error(run, name, ofWeights.get(name)) : 1e-2));
            }
        }
    }

    private static void assertError(GoldenNetworks.Run run, String name, float[] numbers, double tolerance) {
        double error = error(run, name, numbers);
        assertTrue(error <= tolerance, () -> run + " " + name + ": " + error + " of at most " + tolerance);
    }

    private static double error(GoldenNetworks.Run run, String name, float[] numbers) {
        float[] expected = run.topic().floats(run.file(), name);
        return Errors.relative(numbers.length > expected.length ? Goldens.subset(numbers, expected.length) : numbers,
                expected);
    }

    /// The outputs that the golden file has too. The first run, and the replay of what the second recorded, give the
    /// same bytes.
    private static Map<String, float[]> outputs(CudaDevice device, GoldenNetworks.Run run, Checkpoint checkpoint) {
        try (DeviceWeights weights = device.weights(checkpoint);
             Executable executable = device.compile(run.graph(), weights, CompileOptions.defaults())) {
            run.inputs().forEach((name, values) -> {
                switch (values) {
                    case float[] floats -> executable.set(name, floats);
                    case int[] ints -> executable.set(name, ints);
                    default -> throw new IllegalArgumentException(name + ": " + values.getClass());
                }
            });
            Map<String, float[]> results = new TreeMap<>();
            executable.run();
            for (String name : run.graph().outputs().keySet()) {
                if (run.topic().has(run.file(), name)) {
                    results.put(name, executable.get(name));
                }
            }
            assertFalse(results.isEmpty(), run + " has nothing to compare");
            executable.run();
            results.forEach((name, numbers) -> assertArrayEquals(numbers, executable.get(name), run + " " + name));
            return results;
        }
    }

    /// Weights of products as bfloat16 has them.
    private record RoundedMatrices(Checkpoint weights) implements Checkpoint {
        @Override
        public String source() {
            return weights.source();
        }

        @Override
        public Set<String> names() {
            return weights.names();
        }

        @Override
        public FileTensor tensor(String name) {
            FileTensor tensor = weights.tensor(name);
            if (tensor.shape().size() < 2) {
                return tensor;
            }
            float[] numbers = Goldens.floats(tensor);
            for (int i = 0; i < numbers.length; i++) {
                int bits = Float.floatToRawIntBits(numbers[i]);
                numbers[i] = Float.intBitsToFloat(bits + 0x7fff + (bits >>> 16 & 1) & 0xffff0000);
            }
            return new FileTensor(name, DType.F32, tensor.shape(),
                    Arena.ofAuto().allocateFrom(ValueLayout.JAVA_FLOAT, numbers));
        }

        @Override
        public Map<String, String> metadata() {
            return weights.metadata();
        }

        @Override
        public void release(FileTensor tensor) { }

        @Override
        public void close() { }
    }
}
