package dev.cathode.engine.graph;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.engine.golden.GoldenNetwork;
import dev.cathode.engine.golden.OpsCase;
import dev.cathode.weights.DType;
import dev.cathode.weights.Goldens;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Every operation against PyTorch: each case of the golden folder `ops` is a graph of that one operation.
class OpsGoldenTest {
    private static final Goldens.Topic OPS = Goldens.topic("ops");

    @ParameterizedTest
    @EnumSource
    void everyCase(GoldenNetwork.Way way) {
        for (String file : OpsCase.files()) {
            try (var network = new GoldenNetwork(way, OPS.file(file))) {
                OpsCase.of(file).forEach(c -> c.check(network));
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void sinusoid(GoldenNetwork.Way way) {
        String file = "sinusoid.safetensors";
        try (var network = new GoldenNetwork(way, OPS.file(file))) {
            for (Goldens.Tensor output : OPS.outputs(file)) {
                Graph graph = new Graph();
                Value t = graph.input("timesteps", DType.F32, Shape.of(output.shape()[0]));
                graph.output("out", Ops.unary(new Op.Sinusoid(output.shape()[1], true, 0, 10_000), t));
                float[] result = network.run(graph, Map.of("timesteps", OPS.floats(file, "timesteps"))).get("out");
                network.assertMatches(OPS, file, output.name(), result);
            }
        }
    }

    /// To half precision and back: every bit, but those of NaN.
    @ParameterizedTest
    @EnumSource
    void conversions(GoldenNetwork.Way way) {
        String file = "conversions.safetensors";
        int[] bits = GoldenNetwork.ints(OPS, file, "float32_bits");
        float[] numbers = new float[bits.length];
        for (int i = 0; i < bits.length; i++) {
            numbers[i] = Float.intBitsToFloat(bits[i]);
        }
        try (var network = new GoldenNetwork(way, OPS.file(file))) {
            for (DType type : List.of(DType.BF16, DType.F16)) {
                Graph graph = new Graph();
                Value x = graph.input("x", DType.F32, Shape.of(bits.length));
                graph.output("out", Ops.cast(Ops.cast(x, type), DType.F32));
                float[] back = network.run(graph, Map.of("x", numbers)).get("out");
                int[] expected = GoldenNetwork.ints(OPS, file, type == DType.BF16 ? "bfloat16_back_bits"
                        : "float16_back_bits");
                for (int i = 0; i < bits.length; i++) {
                    String place = type + " of bits " + Integer.toHexString(bits[i]);
                    if (Float.isNaN(numbers[i])) {
                        assertTrue(Float.isNaN(back[i]), place);
                    } else {
                        assertEquals(expected[i], Float.floatToRawIntBits(back[i]), place);
                    }
                }
            }
        }
    }

    @Test
    void everyFileIsTested() {
        Set<String> tested = new HashSet<>(Set.of("sinusoid.safetensors", "conversions.safetensors"));
        tested.addAll(OpsCase.files());
        assertEquals(tested, Set.copyOf(OPS.files()));
    }
}
