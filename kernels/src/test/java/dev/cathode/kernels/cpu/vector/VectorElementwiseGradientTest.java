package dev.cathode.kernels.cpu.vector;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.cathode.kernels.cpu.Activation;
import dev.cathode.kernels.cpu.Elementwise.Loss;
import dev.cathode.kernels.cpu.Workers;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/// Gradients against float64 formulas, and against differences of the functions they belong to.
class VectorElementwiseGradientTest {
    private static final int[] COUNTS = {1, 2, 15, 16, 17, 31, 67, 1009, (1 << 14) - 1, (1 << 14) + 1, 40_009};
    private static final Workers ONE = new Workers(1);
    private static final Workers WORKERS = new Workers(3);
    private final VectorElementwiseGradient kernels = new VectorElementwiseGradient();
    private final VectorElementwise forward = new VectorElementwise();

    @AfterAll
    static void close() {
        ONE.close();
        WORKERS.close();
    }

    private static float[] random(int count, int seed) {
        SplittableRandom random = new SplittableRandom(31L * count + seed);
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = (float) (random.nextGaussian() * 2);
        }
        return numbers;
    }

    private static float[] floats(MemorySegment memory) {
        return memory.toArray(JAVA_FLOAT_UNALIGNED);
    }

    @Test
    void activationsFollowTheirDifferences() {
        double h = 1.0 / 128;
        for (int count : COUNTS) {
            for (Activation activation : Activation.values()) {
                try (Guarded memory = new Guarded()) {
                    float[] a = random(count, 1);
                    float[] up = random(count, 2);
                    for (int i = 0; i < count; i++) {
                        a[i] = Math.copySign(Math.max(Math.abs(a[i]), 0.0625f), a[i]); // away from the corner of ReLU
                    }
                    MemorySegment x = memory.of(a);
                    MemorySegment dy = memory.of(up);
                    MemorySegment dx = memory.poisoned(4L * count);
                    kernels.activate(activation, x.address(), dy.address(), dx.address(), count, WORKERS);
                    MemorySegment right = memory.poisoned(4L * count);
                    MemorySegment left = memory.poisoned(4L * count);
                    forward.affine(1, (float) h, x.address(), right.address(), count, ONE);
                    forward.affine(1, (float) -h, x.address(), left.address(), count, ONE);
                    forward.activate(activation, right.address(), right.address(), count, ONE);
                    forward.activate(activation, left.address(), left.address(), count, ONE);
                    for (int i = 0; i < count; i++) {
                        double slope = ((double) right.getAtIndex(JAVA_FLOAT, i) - left.getAtIndex(JAVA_FLOAT, i)) / (2 * h);
                        assertEquals(up[i] * slope, dx.getAtIndex(JAVA_FLOAT, i),
                                2e-4 * (1 + Math.abs(up[i])) * (1 + Math.abs(slope)),
                                activation + " at " + a[i]);
                    }
                    kernels.activate(activation, x.address(), dy.address(), dy.address(), count, ONE);
                    assertArrayEquals(floats(dx), floats(dy), "in place, on one thread");
                    memory.check(activation + " of " + count);
                }
            }
        }
    }

    @Test
    void gatedGeluIsTheProductOfItsParts() {
        int[][] shapes = {{1, 1}, {3, 5}, {2, 16}, {7, 33}, {5, 100}, {1, 20_011}, {300, 67}};
        for (int[] shape : shapes) {
            int rows = shape[0];
            int columns = shape[1];
            try (Guarded memory = new Guarded()) {
                float[] a = random(2 * rows * columns, 3);
                float[] up = random(rows * columns, 4);
                a[a.length - 1] = 40; // far in the tails, where the derivative is a constant
                a[columns] = -40;
                MemorySegment x = memory.of(a);
                MemorySegment dy = memory.of(up);
                MemorySegment dx = memory.poisoned(8L * rows * columns);
                kernels.geglu(x.address(), dy.address(), dx.address(), rows, columns, WORKERS);
                MemorySegment gates = memory.poisoned(4L * rows * columns);
                MemorySegment slopes = memory.of(up);
                for (int r = 0; r < rows; r++) {
                    MemorySegment.copy(a, 2 * r * columns + columns, gates, JAVA_FLOAT, 4L * r * columns, columns);
                }
                kernels.activate(Activation.GELU, gates.address(), slopes.address(), slopes.address(), rows * columns, ONE);
                forward.activate(Activation.GELU, gates.address(), gates.address(), rows * columns, ONE);
                memory.check("geglu");
                for (int i = 0; i < rows * columns; i++) {
                    int at = i / columns * 2 * columns + i % columns;
                    double left = (double) up[i] * gates.getAtIndex(JAVA_FLOAT, i);
                    double gate = (double) a[at] * slopes.getAtIndex(JAVA_FLOAT, i);
                    assertEquals(left, dx.getAtIndex(JAVA_FLOAT, at), 3e-7 * Math.abs(left), "left " + i);
                    assertEquals(gate, dx.getAtIndex(JAVA_FLOAT, at + columns), 3e-7 * Math.abs(gate), "gate " + i);
                }
                MemorySegment again = memory.poisoned(8L * rows * columns);
                kernels.geglu(x.address(), dy.address(), again.address(), rows, columns, ONE);
                assertArrayEquals(floats(dx), floats(again), "on one thread");
            }
        }
    }

    @Test
    void sumsOverRowsOfAnyLength() {
        int[][] shapes = {{1, 1, 1}, {1, 7, 1}, {2, 1, 5}, {1, 100_003, 1}, {1, 50_021, 3}, {3, 2001, 17}, {1, 5000, 31},
            {2, 1031, 255}, {1, 777, 256}, {1, 2047, 257}, {5, 3, 300}, {1, 613, 1280}, {700, 3, 40}, {1, 9, 10_240},
            {1, 97, 1543}, {2, 300, 2500}, {4, 64, 320}, {0, 5, 3}};
        for (int[] shape : shapes) {
            int outer = shape[0];
            int middle = shape[1];
            int inner = shape[2];
            String what = outer + "x" + middle + "x" + inner;
            try (Guarded memory = new Guarded()) {
                float[] a = random(outer * middle * inner, 5);
                MemorySegment x = memory.of(a);
                MemorySegment y = memory.poisoned(4L * outer * inner);
                kernels.sumMiddle(x.address(), y.address(), outer, middle, inner, WORKERS);
                memory.check(what);
                for (int o = 0; o < outer; o++) {
                    for (int i = 0; i < inner; i++) {
                        double sum = 0;
                        for (int m = 0; m < middle; m++) {
                            sum += a[(o * middle + m) * inner + i];
                        }
                        assertEquals(sum, y.getAtIndex(JAVA_FLOAT, (long) o * inner + i),
                                6e-8 * Math.abs(sum) + 1e-12, what + " at " + i);
                    }
                }
                MemorySegment again = memory.poisoned(4L * outer * inner);
                kernels.sumMiddle(x.address(), again.address(), outer, middle, inner, ONE);
                assertArrayEquals(floats(y), floats(again), what + " on one thread");
            }
        }
    }

    @Test
    void manySmallNumbersAreNotLost() {
        int middle = 400_000;
        try (Guarded memory = new Guarded()) {
            float[] a = new float[middle];
            Arrays.fill(a, 1e-4f);
            a[0] = 1e4f;
            MemorySegment y = memory.poisoned(4);
            kernels.sumMiddle(memory.of(a).address(), y.address(), 1, middle, 1, WORKERS);
            assertEquals(1e4 + (middle - 1) * (double) 1e-4f, y.getAtIndex(JAVA_FLOAT, 0), 5e-4);
        }
    }

    @Test
    void lossesFollowTheirDifferences() {
        double h = 1.0 / 256;
        for (int count : COUNTS) {
            try (Guarded memory = new Guarded()) {
                float[] a = random(count, 6);
                float[] t = random(count, 7);
                float[] w = random(count, 8);
                MemorySegment x = memory.of(a);
                MemorySegment target = memory.of(t);
                MemorySegment weights = memory.of(w);
                MemorySegment squares = memory.poisoned(4L * count);
                MemorySegment entropy = memory.poisoned(4L * count);
                for (boolean weighted : new boolean[] {false, true}) {
                    long factors = weighted ? weights.address() : 0;
                    kernels.squaredError(x.address(), target.address(), factors, 1, 0.5f, squares.address(), count, WORKERS);
                    kernels.binaryCrossEntropy(x.address(), target.address(), factors, 0.5f, entropy.address(), count,
                            WORKERS);
                    memory.check("losses");
                    for (int i = 0; i < count; i += Math.max(1, count / 211)) {
                        double weight = weighted ? 0.5 * w[i] : 0.5;
                        assertEquals(weight * 2 * ((double) a[i] - t[i]), squares.getAtIndex(JAVA_FLOAT, i),
                                1e-6 * (1 + Math.abs(t[i])), "squares " + i);
                        assertEquals(weight * (1 / (1 + Math.exp(-a[i])) - t[i]), entropy.getAtIndex(JAVA_FLOAT, i),
                                1e-6 * (1 + Math.abs(t[i])), "entropy " + i);
                        double expected = weight * slope(Loss.SQUARED_ERROR, a[i], t[i], h);
                        assertEquals(expected, squares.getAtIndex(JAVA_FLOAT, i), 1e-4 * (1 + Math.abs(expected)));
                        expected = weight * slope(Loss.BINARY_CROSS_ENTROPY_WITH_LOGITS, a[i], t[i], h);
                        assertEquals(expected, entropy.getAtIndex(JAVA_FLOAT, i), 1e-4 * (1 + Math.abs(expected)));
                    }
                }
                kernels.squaredError(x.address(), target.address(), 0, 1, 1, x.address(), count, ONE);
                kernels.binaryCrossEntropy(target.address(), weights.address(), 0, 1, weights.address(), count, ONE);
                memory.check("in place");
                assertEquals(2 * (a[count - 1] - t[count - 1]), x.getAtIndex(JAVA_FLOAT, count - 1));
            }
        }
    }

    private double slope(Loss loss, float x, float t, double h) {
        try (Guarded memory = new Guarded()) {
            float[] pair = {(float) (x + h), (float) (x - h)};
            long at = memory.of(pair).address();
            long target = memory.of(new float[] {t}).address();
            return (forward.sum(loss, at, target, 0, 1, ONE) - forward.sum(loss, at + 4, target, 0, 1, ONE))
                    / ((double) pair[0] - pair[1]);
        }
    }

    @Test
    void oneWeightForManyNumbers() {
        for (int perWeight : new int[] {2, 5, 16, 1009, 30_000}) {
            int count = 40_009;
            try (Guarded memory = new Guarded()) {
                float[] a = random(count, 9);
                float[] t = random(count, 10);
                float[] w = random((count + perWeight - 1) / perWeight, 11);
                MemorySegment dx = memory.poisoned(4L * count);
                kernels.squaredError(memory.of(a).address(), memory.of(t).address(), memory.of(w).address(), perWeight,
                        0.25f, dx.address(), count, WORKERS);
                memory.check("weights");
                for (int i = 0; i < count; i++) {
                    double expected = 0.5 * w[i / perWeight] * ((double) a[i] - t[i]);
                    assertEquals(expected, dx.getAtIndex(JAVA_FLOAT, i), 2e-7 * Math.abs(expected), "at " + i);
                }
            }
        }
    }

    @Test
    void fillsAllAndNothingElse() {
        for (int count : COUNTS) {
            try (Guarded memory = new Guarded()) {
                MemorySegment y = memory.poisoned(4L * count);
                kernels.fill(-1.25f, y.address(), count, WORKERS);
                memory.check("fill");
                for (float number : floats(y)) {
                    assertEquals(-1.25f, number);
                }
            }
        }
    }
}
