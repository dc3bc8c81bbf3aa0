package dev.cathode.engine.random;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.weights.Goldens;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import tools.jackson.databind.JsonNode;

class TorchGeneratorTest {
    private final Goldens.Topic rng = Goldens.topic("rng");

    /// Every stream of draws that `golden.json` lists, each from one generator.
    @TestFactory
    Stream<DynamicTest> streamsEqualPyTorch() {
        return rng.json().get("streams").propertyStream().flatMap(file -> file.getValue().valueStream().map(stream ->
                DynamicTest.dynamicTest(file.getKey() + " seed " + stream.get("seed"),
                        () -> compare(file.getKey() + ".safetensors", stream))));
    }

    private void compare(String file, JsonNode stream) {
        long seed = stream.get("seed").bigIntegerValue().longValue();
        TorchGenerator generator = new TorchGenerator(seed);
        int index = 0;
        for (JsonNode draw : stream.get("draws")) {
            String name = "seed" + stream.get("seed").asString() + "." + index++ + "."
                    + String.join("_", draw.valueStream().map(JsonNode::asString).toList());
            String kind = draw.get(0).asString();
            long[] numbers = draw.valueStream().skip(1).mapToLong(JsonNode::asLong).toArray();
            switch (kind) {
                case "randn" -> rng.assertMatches(file, name, generator.randn(product(numbers, 0)));
                case "rand" -> rng.assertMatches(file, name, generator.rand(product(numbers, 0)));
                case "rand64" -> rng.assertMatches(file, name, floats(generator.randDouble(product(numbers, 0))));
                case "randint" -> assertArrayEquals(rng.longs(file, name),
                        generator.randint(numbers[0], numbers[1], product(numbers, 2)), name);
                case "randperm" -> assertArrayEquals(rng.longs(file, name),
                        Arrays.stream(generator.randperm((int) numbers[0])).asLongStream().toArray(), name);
                default -> throw new AssertionError("unknown draw " + kind);
            }
        }
        assertEquals(stream.get("draws").size(), index);
    }

    @Test
    void stateHasPyTorchsLayout() throws NoSuchAlgorithmException {
        TorchGenerator generator = new TorchGenerator(4294967301L);
        generator.rand(3);
        generator.randn(3);
        generator.randint(0, 1L << 40, 2);
        // Computed by PyTorch: sha256(bytes(generator.get_state())) after the same draws. Only the spare normal, a
        // double, comes from the C library's cosine, so its last bits are not compared.
        byte[] state = generator.state();
        assertEquals(-1.4133918928382345, ByteBuffer.wrap(state).order(ByteOrder.LITTLE_ENDIAN)
                .getDouble(24 + 8 * 624 + 8), 1e-15);
        byte[] torch = HexFormat.of().parseHex("81bf42d1409df6bf");
        System.arraycopy(torch, 0, state, 24 + 8 * 624 + 8, 8);
        assertEquals("69d36ee4d719bef6c12d9b61eefeb9e7334e2b2d9d7dee50c613c9b16faaa4e8",
                HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(state)));
    }

    @Test
    void continuesFromItsState() {
        TorchGenerator generator = new TorchGenerator(-7);
        for (int draws : new int[] {0, 3, 620, 2, 5000}) {
            generator.rand(draws);
            generator.randn(1);
            TorchGenerator copy = TorchGenerator.continuing(generator.state());
            assertEquals(-7, copy.seed());
            assertArrayEquals(generator.randn(2), copy.randn(2));
            assertArrayEquals(generator.randn(700), copy.randn(700));
        }
        byte[] fresh = new TorchGenerator(5).state();
        assertArrayEquals(new TorchGenerator(5).rand(10), TorchGenerator.continuing(fresh).rand(10));
    }

    @Test
    void refusesWhatIsNoState() {
        assertThrows(IllegalArgumentException.class, () -> TorchGenerator.continuing(new byte[100]));
        assertThrows(IllegalArgumentException.class, () -> TorchGenerator.continuing(new byte[5056]));
        assertThrows(IllegalArgumentException.class, () -> new TorchGenerator(0).randint(3, 3, 1));
    }

    @Test
    void randintSpansAllLongs() {
        long[] draws = new TorchGenerator(1).randint(Long.MIN_VALUE, Long.MAX_VALUE, 100);
        assertTrue(Arrays.stream(draws).anyMatch(v -> v >= 0) && Arrays.stream(draws).anyMatch(v -> v < 0));
    }

    private static int product(long[] numbers, int from) {
        return (int) Arrays.stream(numbers).skip(from).reduce(1, Math::multiplyExact);
    }

    private static float[] floats(double[] values) {
        float[] rounded = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            rounded[i] = (float) values[i];
        }
        return rounded;
    }
}
