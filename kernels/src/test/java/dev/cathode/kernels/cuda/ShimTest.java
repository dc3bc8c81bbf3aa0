package dev.cathode.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.TestInstance;

/// What tests of kernels have in common: a device, on the CPU unless a GPU is asked for, and results compared with
/// float64, each with a line of the list that says how exact every kernel is.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class ShimTest {
    private static final ShimCompiler.Found FOUND = ShimCompiler.find(ShimCompiler.Mode.STRICT);
    private static final long MEMORY = 1L << 30;

    TestDevice device;

    static ShimCompiler compiler() {
        Assumptions.assumeTrue(FOUND.compiler().isPresent(), FOUND.reason());
        return FOUND.compiler().orElseThrow();
    }

    /// The CPU, or the GPU that the property `cathode.gpu` names by its number.
    private static TestDevice open() {
        return Machines.areGpus() ? new GpuDevice(Machines.open(ShimMachine.Options.QUICK), MEMORY)
                : new ShimDevice(compiler());
    }

    @BeforeAll
    void start() {
        device = open();
    }

    @BeforeEach
    void forget() {
        if (device.hasFailed()) {
            device.close();
            device = open();
        }
        device.reset();
    }

    @AfterAll
    void stop() {
        if (device != null) {
            device.close();
        }
        print();
    }

    /// Runs twice in different orders of threads and blocks, which must give the same bytes.
    ///
    /// @param result address of what is compared
    void launch(long result, long bytes, Runnable launches) {
        byte[] before = device.bytes(result, bytes);
        device.seed(1);
        launches.run();
        byte[] first = device.bytes(result, bytes);
        device.write(result, MemorySegment.ofArray(before));
        device.seed(2);
        launches.run();
        assertArrayEquals(first, device.bytes(result, bytes), "the order of threads shows in the result");
    }

    /// Checks a tensor against float64 and prints a line of the list: the error allowed is `operations` roundings of
    /// float32 at the size `scale` of the numbers met on the way, and one rounding to the type of the result.
    void check(String kernel, Element element, String shape, double[] expected, long actual, double operations,
               double scale) {
        float[] numbers = device.download(element, actual, expected.length);
        double largest = 0;
        for (int i = 0; i < expected.length; i++) {
            double error = Math.abs(numbers[i] - expected[i]);
            double allowed = operations * 0x1p-24 * Math.max(scale, Math.abs(expected[i]))
                    + Numbers.epsilon(element) * Math.abs(expected[i]) * 1.01
                    + (element == Element.FLOAT16 ? 0x1p-25 : 0);
            assertTrue(error <= allowed, "%s %s %s, number %d: %s instead of %s, error %.2e, allowed %.2e".formatted(
                    kernel, element, shape, i, numbers[i], expected[i], error, allowed));
            largest = Math.max(largest, error);
        }
        list(kernel, element, shape, largest);
    }

    /// Checks numbers that must be exact.
    void checkExact(String kernel, Element element, String shape, float[] expected, long actual) {
        float[] numbers = device.download(element, actual, expected.length);
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], numbers[i], kernel + " " + element + " " + shape + ", number " + i);
        }
        list(kernel, element, shape, 0);
    }

    private final Map<String, String> worst = new TreeMap<>();
    private final Map<String, Double> errors = new HashMap<>();
    private final Map<String, Integer> shapes = new HashMap<>();

    void list(String kernel, Element element, String shape, double error) {
        String key = "%-36s %-5s".formatted(kernel, element.type());
        shapes.merge(key, 1, Integer::sum);
        if (error >= errors.getOrDefault(key, -1.0)) {
            errors.put(key, error);
            worst.put(key, shape);
        }
    }

    private void print() {
        worst.forEach((key, shape) -> System.out.printf("kernel %s %3d shapes, largest error %.1e at %s%n", key,
                shapes.get(key), errors.get(key), shape));
    }
}
