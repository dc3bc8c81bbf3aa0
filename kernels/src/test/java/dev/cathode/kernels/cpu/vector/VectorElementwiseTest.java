package dev.cathode.kernels.cpu.vector;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.kernels.cpu.Activation;
import dev.cathode.kernels.cpu.Elementwise.Binary;
import dev.cathode.kernels.cpu.Elementwise.Loss;
import dev.cathode.kernels.cpu.WeightStorage;
import dev.cathode.kernels.cpu.Workers;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.DoubleBinaryOperator;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

class VectorElementwiseTest {
    private static final int[] COUNTS = {1, 2, 3, 15, 16, 17, 31, 63, 65, 1000, (1 << 14) - 1, (1 << 14) + 1, 40_003};
    private static final Workers WORKERS = new Workers(3);
    private final VectorElementwise kernels = new VectorElementwise();

    @AfterAll
    static void close() {
        WORKERS.close();
    }

    private static float[] random(int count) {
        SplittableRandom random = new SplittableRandom(count);
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = (float) (random.nextGaussian() * 3);
        }
        return numbers;
    }

    private static float[] floats(MemorySegment memory) {
        return memory.toArray(JAVA_FLOAT_UNALIGNED);
    }

    @Test
    void activationsEqualThoseOfVectorsAtEverySize() {
        for (int count : COUNTS) {
            for (Activation activation : Activation.values()) {
                try (Guarded memory = new Guarded()) {
                    MemorySegment x = memory.of(random(count));
                    MemorySegment y = memory.poisoned(4L * count);
                    kernels.activate(activation, x.address(), y.address(), count, WORKERS);
                    memory.check(activation + " of " + count);
                    for (int i = 0; i < count; i += Math.max(1, count / 97)) {
                        double expected = Functions.activate(activation, x.getAtIndex(JAVA_FLOAT, i));
                        assertEquals(expected, y.getAtIndex(JAVA_FLOAT, i), 1e-6 * (1e-3 + Math.abs(expected)),
                                activation + " " + i + " of " + count);
                    }
                    kernels.activate(activation, x.address(), x.address(), count, WORKERS);
                    assertArrayEquals(floats(y), floats(x), "in place");
                }
            }
        }
    }

    private static final class Functions {
        static double activate(Activation activation, double x) {
            return switch (activation) {
                case NONE -> x;
                case RELU -> Math.max(x, 0);
                case SILU -> x / (1 + Math.exp(-x));
                case GELU -> x * cdf(x);
                case GELU_TANH -> 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
                case QUICK_GELU -> x / (1 + Math.exp(-1.702 * x));
                case SIGMOID -> 1 / (1 + Math.exp(-x));
                case TANH -> Math.tanh(x);
                case SOFTPLUS -> Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
                case EXP -> Math.exp(x);
            };
        }

        /// Distribution function of the normal distribution by Simpson's rule on its density.
        static double cdf(double x) {
            double end = Math.min(Math.abs(x), 30);
            int n = 4000;
            double from = end;
            double to = end + 12;
            double h = (to - from) / n;
            double sum = 0;
            for (int i = 0; i <= n; i++) {
                double t = from + i * h;
                sum += (i == 0 || i == n ? 1 : i % 2 == 1 ? 4 : 2) * Math.exp(-t * t / 2);
            }
            double tail = sum * h / 3 / Math.sqrt(2 * Math.PI);
            return x < 0 ? tail : 1 - tail;
        }
    }

    @Test
    void pairsAtEverySizeAndBroadcast() {
        for (Binary operation : Binary.values()) {
            DoubleBinaryOperator f = switch (operation) {
                case ADD -> (a, b) -> a + b;
                case SUBTRACT -> (a, b) -> a - b;
                case MULTIPLY -> (a, b) -> a * b;
                case DIVIDE -> (a, b) -> a / b;
            };
            for (int count : COUNTS) {
                broadcast(operation, f, 1, 1, count);
            }
            for (int[] shape : new int[][] {{2, 3, 5}, {3, 70, 1}, {1, 2, 33}, {4, 1, 7}, {2, 5000, 17}, {1, 9, 20_000}}) {
                broadcast(operation, f, shape[0], shape[1], shape[2]);
            }
        }
    }

    private void broadcast(Binary operation, DoubleBinaryOperator f, int outer, int middle, int inner) {
        try (Guarded memory = new Guarded()) {
            float[] a = random(outer * middle * inner);
            a[0] = -0f;
            float[] b = random(outer * inner + 1);
            MemorySegment x = memory.of(a);
            MemorySegment z = memory.of(Arrays.copyOf(b, outer * inner));
            MemorySegment y = memory.poisoned(4L * a.length);
            if (middle == 1) {
                kernels.binary(operation, x.address(), z.address(), y.address(), a.length, WORKERS);
            } else {
                kernels.broadcast(operation, x.address(), z.address(), y.address(), outer, middle, inner, WORKERS);
            }
            memory.check(operation + "");
            for (int i = 0; i < a.length; i++) {
                int at = i / inner / middle * inner + i % inner;
                assertEquals((float) f.applyAsDouble(a[i], b[at]), y.getAtIndex(JAVA_FLOAT, i), operation + " " + i);
            }
        }
    }

    @Test
    void affineAndGatedGelu() {
        for (int count : COUNTS) {
            try (Guarded memory = new Guarded()) {
                float[] a = random(2 * count);
                MemorySegment x = memory.of(a);
                MemorySegment y = memory.poisoned(4L * count);
                kernels.affine(1.5f, -2, x.address(), y.address(), count, WORKERS);
                assertEquals(Math.fma(1.5f, a[count - 1], -2f), y.getAtIndex(JAVA_FLOAT, count - 1));
                int rows = count % 3 == 0 ? 3 : 1;
                int columns = count / rows;
                kernels.geglu(x.address(), y.address(), rows, columns, WORKERS);
                memory.check("affine, geglu");
                for (int i = 0; i < count; i += Math.max(1, count / 31)) {
                    int from = i / columns * 2 * columns + i % columns;
                    double expected = a[from] * Functions.activate(Activation.GELU, a[from + columns]);
                    assertEquals(expected, y.getAtIndex(JAVA_FLOAT, i), 1e-6 * (1e-3 + Math.abs(expected)));
                }
            }
        }
    }

    @Test
    void everyHalfNumberThereAndBack() {
        int count = 65_536 + 3;
        for (WeightStorage type : new WeightStorage[] {WeightStorage.F16, WeightStorage.BF16}) {
            try (Guarded memory = new Guarded()) {
                MemorySegment x = memory.poisoned(2L * count);
                for (int i = 0; i < count; i++) {
                    x.setAtIndex(JAVA_SHORT, i, (short) i);
                }
                MemorySegment y = memory.poisoned(4L * count);
                kernels.widen(type, x.address(), y.address(), count, WORKERS);
                MemorySegment z = memory.poisoned(2L * count);
                kernels.narrow(type, y.address(), z.address(), count, WORKERS);
                memory.check(type + "");
                for (int i = 0; i < count; i++) {
                    float expected = type == WeightStorage.F16 ? Float.float16ToFloat((short) i)
                            : Float.intBitsToFloat((short) i << 16);
                    float actual = y.getAtIndex(JAVA_FLOAT, i);
                    assertTrue(Float.floatToIntBits(expected) == Float.floatToIntBits(actual), type + " " + i);
                    if (!Float.isNaN(expected)) {
                        assertEquals((short) i, z.getAtIndex(JAVA_SHORT, i), type + " back " + i);
                    }
                }
            }
        }
    }

    @Test
    void roundingIsToNearestEven() {
        SplittableRandom random = new SplittableRandom(1);
        float[] numbers = new float[100_001];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = Float.intBitsToFloat(random.nextInt() & ~(i % 2 == 0 ? 0 : 0xfff)); // many ties
        }
        try (Guarded memory = new Guarded()) {
            MemorySegment x = memory.of(numbers);
            MemorySegment y = memory.poisoned(2L * numbers.length);
            kernels.narrow(WeightStorage.F16, x.address(), y.address(), numbers.length, WORKERS);
            for (int i = 0; i < numbers.length; i++) {
                short expected = Float.floatToFloat16(numbers[i]);
                short actual = y.getAtIndex(JAVA_SHORT, i);
                assertTrue(Float.isNaN(numbers[i]) ? Float.isNaN(Float.float16ToFloat(actual)) : expected == actual,
                        "half " + numbers[i]);
            }
            kernels.narrow(WeightStorage.BF16, x.address(), y.address(), numbers.length, WORKERS);
            for (int i = 0; i < numbers.length; i++) {
                float actual = Float.intBitsToFloat(y.getAtIndex(JAVA_SHORT, i) << 16);
                double error = Math.abs((double) actual - numbers[i]);
                float neighbour = Float.intBitsToFloat(Float.floatToRawIntBits(actual) + (numbers[i] > actual ^ actual < 0
                        ? 0x10000 : -0x10000));
                assertTrue(Float.isNaN(numbers[i]) ? Float.isNaN(actual) : Float.isInfinite(actual)
                        || error <= Math.abs((double) neighbour - numbers[i]) || Float.isNaN(neighbour), "bf16 " + numbers[i]);
            }
        }
    }

    @Test
    void sumsDoNotDependOnThreads() {
        for (int count : COUNTS) {
            float[] a = random(count);
            float[] b = random(count + 1);
            try (Guarded memory = new Guarded(); Workers one = new Workers(1)) {
                long x = memory.of(a).address();
                long t = memory.of(b).address();
                double expected = 0;
                double weighted = 0;
                for (int i = 0; i < count; i++) {
                    double d = (double) a[i] - b[i];
                    expected += d * d;
                    weighted += a[i] * (Math.max(a[i], 0) - (double) a[i] * b[i] + Math.log1p(Math.exp(-Math.abs((double) a[i]))));
                }
                double sum = kernels.sum(Loss.SQUARED_ERROR, x, t, 0, count, WORKERS);
                assertEquals(expected, sum, 1e-12 * expected);
                assertEquals(sum, kernels.sum(Loss.SQUARED_ERROR, x, t, 0, count, one), "same bytes");
                assertEquals(weighted, kernels.sum(Loss.BINARY_CROSS_ENTROPY_WITH_LOGITS, x, t, x, count, WORKERS),
                        1e-11 * count * 30);
            }
        }
    }
}
