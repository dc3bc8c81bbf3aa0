package dev.cathode.kernels.cpu.vector;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.cathode.kernels.cpu.Optimization.Adam;
import dev.cathode.kernels.cpu.Workers;
import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/// Optimizer steps against PyTorch's formulas in float64.
class VectorOptimizationTest {
    private static final int[] COUNTS = {1, 2, 15, 16, 17, 31, 63, 127, 1009, (1 << 14) - 1, (1 << 14) + 1, 40_009};
    private static final Workers ONE = new Workers(1);
    private static final Workers WORKERS = new Workers(3);
    private final VectorOptimization kernels = new VectorOptimization(Updates.vector());

    @AfterAll
    static void close() {
        ONE.close();
        WORKERS.close();
    }

    private static float[] random(int count, int seed, double scale) {
        SplittableRandom random = new SplittableRandom(31L * count + seed);
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = (float) (random.nextGaussian() * scale);
        }
        return numbers;
    }

    private static float[] floats(MemorySegment memory) {
        return memory.toArray(JAVA_FLOAT_UNALIGNED);
    }

    /// @param size of the numbers that were added up, which may cancel out
    private static void assertClose(double[] expected, MemorySegment actual, double size, String what) {
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], actual.getAtIndex(JAVA_FLOAT, i), 1e-6 * (Math.abs(expected[i]) + size),
                    what + " " + i + " of " + expected.length);
        }
    }

    private static double[] doubles(float[] numbers) {
        double[] copy = new double[numbers.length];
        for (int i = 0; i < copy.length; i++) {
            copy[i] = numbers[i];
        }
        return copy;
    }

    @Test
    void adamFollowsItsFormulaForTenSteps() {
        for (int count : COUNTS) {
            for (boolean decoupled : new boolean[] {true, false}) {
                adam(count, decoupled, 0.01, 0.9, 0.999, 1e-8, 0.1, 0.5f);
                adam(count, decoupled, 1e-3, 0.8, 0.95, 1e-6, 0, 1);
            }
        }
    }

    private void adam(int count, boolean decoupled, double rate, double beta1, double beta2, double epsilon,
                      double weightDecay, float scale) {
        try (Guarded memory = new Guarded()) {
            double[] p = doubles(random(count, 0, 1));
            double[] m = new double[count];
            double[] v = new double[count];
            MemorySegment parameter = memory.of(random(count, 0, 1));
            MemorySegment first = memory.of(new float[count]);
            MemorySegment second = memory.of(new float[count]);
            for (int step = 1; step <= 10; step++) {
                float[] g = random(count, step, 1);
                kernels.adam(new Adam(rate, beta1, beta2, epsilon, weightDecay, decoupled, step, scale),
                        parameter.address(), memory.of(g).address(), first.address(), second.address(), count, WORKERS);
                for (int i = 0; i < count; i++) {
                    double gradient = (double) g[i] * scale + (decoupled ? 0 : weightDecay * p[i]);
                    p[i] *= decoupled ? 1 - rate * weightDecay : 1;
                    m[i] += (1 - beta1) * (gradient - m[i]);
                    v[i] = beta2 * v[i] + (1 - beta2) * gradient * gradient;
                    double denominator = Math.sqrt(v[i]) / Math.sqrt(1 - Math.pow(beta2, step)) + epsilon;
                    p[i] -= rate / (1 - Math.pow(beta1, step)) * m[i] / denominator;
                }
            }
            memory.check("adam");
            assertClose(p, parameter, 1, "parameter");
            assertClose(m, first, 0.3, "first moment");
            assertClose(v, second, 0, "second moment");
        }
    }

    @Test
    void aStepWhoseGradientOverflowedChangesNothing() {
        for (float scale : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
            try (Guarded memory = new Guarded()) {
                float[] start = random(100, 7, 1);
                MemorySegment p = memory.of(start);
                MemorySegment g = memory.of(start);
                MemorySegment m = memory.of(start);
                MemorySegment v = memory.of(start);
                kernels.adam(new Adam(0.1, 0.9, 0.99, 1e-8, 0.1, true, 3, scale), p.address(), g.address(), m.address(),
                        v.address(), 100, WORKERS);
                kernels.sgd(0.1, 0.9, 0.1, false, true, scale, p.address(), g.address(), m.address(), 100, WORKERS);
                kernels.sgd(0.1, 0, 0.1, false, true, scale, p.address(), g.address(), 0, 100, WORKERS);
                for (MemorySegment untouched : new MemorySegment[] {p, g, m, v}) {
                    assertArrayEquals(start, floats(untouched), "scale " + scale);
                }
            }
        }
    }

    @Test
    void aNumbersResultDependsOnNothingElse() {
        int count = 2 * (1 << 14) + 37;
        Adam constants = new Adam(0.01, 0.9, 0.999, 1e-8, 0.01, true, 4, 0.7f);
        try (Guarded memory = new Guarded()) {
            MemorySegment[] whole = new MemorySegment[4];
            MemorySegment[] pieces = new MemorySegment[4];
            for (int i = 0; i < 4; i++) {
                float[] numbers = random(count, i, 1);
                if (i == 3) {
                    for (int j = 0; j < count; j++) {
                        numbers[j] *= numbers[j];
                    }
                }
                whole[i] = memory.of(numbers);
                pieces[i] = memory.of(numbers);
            }
            kernels.adam(constants, whole[0].address(), whole[1].address(), whole[2].address(), whole[3].address(), count,
                    WORKERS);
            kernels.sgd(0.1, 0.9, 0.01, true, false, 0.3f, whole[0].address(), whole[1].address(), whole[2].address(),
                    count, WORKERS);
            kernels.sgd(0.1, 0, 0.01, false, true, 0.3f, whole[0].address(), whole[1].address(), 0, count, WORKERS);
            kernels.average(0.9, whole[0].address(), whole[1].address(), count, WORKERS);
            kernels.accumulate(0.3f, whole[1].address(), whole[0].address(), count, WORKERS);
            for (int start = 0, n = 1; start < count; start += n, n = Math.min(count - start, 2 * n + 1)) {
                long at = 4L * start;
                long p = pieces[0].address() + at;
                long g = pieces[1].address() + at;
                kernels.adam(constants, p, g, pieces[2].address() + at, pieces[3].address() + at, n, ONE);
                kernels.sgd(0.1, 0.9, 0.01, true, false, 0.3f, p, g, pieces[2].address() + at, n, ONE);
                kernels.sgd(0.1, 0, 0.01, false, true, 0.3f, p, g, 0, n, ONE);
                kernels.average(0.9, p, g, n, ONE);
                kernels.accumulate(0.3f, g, p, n, ONE);
            }
            for (int i = 0; i < 4; i++) {
                assertArrayEquals(floats(whole[i]), floats(pieces[i]), "memory " + i);
            }
        }
    }

    @Test
    void sgdFollowsItsFormulaForTenSteps() {
        for (int count : COUNTS) {
            sgd(count, 0, 0, false);
            sgd(count, 0, 0.02, false);
            sgd(count, 0.9, 0.001, false);
            sgd(count, 0.9, 0.01, true);
        }
    }

    private void sgd(int count, double momentum, double weightDecay, boolean nesterov) {
        double rate = 0.05;
        float scale = 0.25f;
        try (Guarded memory = new Guarded()) {
            double[] p = doubles(random(count, 0, 1));
            double[] b = new double[count];
            MemorySegment parameter = memory.of(random(count, 0, 1));
            MemorySegment buffer = memory.poisoned(4L * count); // the first step must not read it
            for (int step = 1; step <= 10; step++) {
                float[] g = random(count, step, 1);
                kernels.sgd(rate, momentum, weightDecay, nesterov, step == 1, scale, parameter.address(),
                        memory.of(g).address(), momentum == 0 ? 0 : buffer.address(), count, WORKERS);
                for (int i = 0; i < count; i++) {
                    double gradient = (double) scale * g[i] + weightDecay * p[i];
                    b[i] = step == 1 ? gradient : momentum * b[i] + gradient;
                    p[i] -= rate * (nesterov ? gradient + momentum * b[i] : b[i]);
                }
            }
            memory.check("sgd");
            assertClose(p, parameter, 1, "parameter");
            if (momentum != 0) {
                assertClose(b, buffer, 0.5, "buffer");
            }
        }
    }

    @Test
    void averagesAndSums() {
        for (int count : COUNTS) {
            try (Guarded memory = new Guarded()) {
                float[] a = random(count, 1, 1);
                float[] b = random(count, 2, 1);
                MemorySegment average = memory.of(a);
                MemorySegment sum = memory.of(a);
                MemorySegment x = memory.of(b);
                kernels.average(0.9999, average.address(), x.address(), count, WORKERS);
                kernels.accumulate(-1.5f, x.address(), sum.address(), count, WORKERS);
                memory.check("averages");
                for (int i = 0; i < count; i++) {
                    assertEquals(a[i] + (1 - 0.9999) * ((double) b[i] - a[i]), average.getAtIndex(JAVA_FLOAT, i), 3e-7);
                    assertEquals(Math.fma(b[i], -1.5f, a[i]), sum.getAtIndex(JAVA_FLOAT, i));
                }
            }
        }
    }

    @Test
    void normsInDoublePrecision() {
        for (int count : COUNTS) {
            for (double scale : new double[] {1, 1e30, 1e-30}) { // squares that float32 could not hold
                try (Guarded memory = new Guarded()) {
                    float[] numbers = random(count, 3, scale);
                    long x = memory.of(numbers).address();
                    double expected = 0;
                    for (float number : numbers) {
                        expected += (double) number * number;
                    }
                    double sum = kernels.sumOfSquares(x, count, WORKERS);
                    assertEquals(expected, sum, 1e-13 * expected, "of " + count);
                    assertEquals(sum, kernels.sumOfSquares(x, count, ONE), "same bytes");
                }
            }
        }
        assertEquals(0, kernels.sumOfSquares(0, 0, WORKERS));
    }

    @Test
    void theFirstNumberThatIsNone() {
        for (int count : COUNTS) {
            try (Guarded memory = new Guarded()) {
                float[] numbers = random(count, 4, 1e37);
                numbers[0] = -Float.MAX_VALUE;
                MemorySegment x = memory.of(numbers);
                assertEquals(-1, kernels.firstNonFinite(x.address(), count, WORKERS), "of " + count);
                SplittableRandom random = new SplittableRandom(count);
                for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
                    int at = random.nextInt(count);
                    x.setAtIndex(JAVA_FLOAT, count - 1, Float.NaN);
                    x.setAtIndex(JAVA_FLOAT, at, bad);
                    assertEquals(at, kernels.firstNonFinite(x.address(), count, WORKERS), bad + " in " + count);
                    x.setAtIndex(JAVA_FLOAT, at, 1);
                    x.setAtIndex(JAVA_FLOAT, count - 1, 1);
                }
            }
        }
    }
}
