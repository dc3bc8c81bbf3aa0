package dev.cathode.engine.plain;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.cathode.kernels.cpu.Activation;
import dev.cathode.kernels.cpu.CpuKernels;
import dev.cathode.kernels.cpu.ElementwiseGradient;
import dev.cathode.kernels.cpu.Optimization;
import dev.cathode.kernels.cpu.Rearrangement.Filter;
import dev.cathode.kernels.cpu.Rearrangement.Window;
import dev.cathode.kernels.cpu.RearrangementGradient;
import dev.cathode.kernels.cpu.Workers;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/// The plain gradients and the fast ones hold each other.
class PlainGradientsTest {
    private static final int COUNT = 2 * 6 * 8 * 5;
    private static final Workers WORKERS = new Workers(2);

    @AfterAll
    static void close() {
        WORKERS.close();
    }

    /// A kernel that reads two memories of COUNT numbers and writes a third.
    @FunctionalInterface
    private interface Gradient {
        void run(CpuKernels kernels, long x, long dy, long dx);
    }

    private static MemorySegment random(Arena arena, int seed, int count) {
        MemorySegment numbers = arena.allocate(4L * count, 64);
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < count; i++) {
            numbers.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) random.nextGaussian());
        }
        return numbers;
    }

    /// Both kernels start with the same `dx`, so that numbers they leave alone are equal.
    private static void compare(String what, Gradient gradient) {
        try (Arena arena = Arena.ofShared()) {
            long x = random(arena, 1, COUNT).address();
            long dy = random(arena, 2, 4 * COUNT).address();
            MemorySegment plain = random(arena, 3, 4 * COUNT);
            MemorySegment fast = random(arena, 3, 4 * COUNT);
            gradient.run(new PlainKernels(), x, dy, plain.address());
            gradient.run(CpuKernels.vector(), x, dy, fast.address());
            for (int i = 0; i < 4 * COUNT; i++) {
                double expected = plain.getAtIndex(ValueLayout.JAVA_FLOAT, i);
                assertEquals(expected, fast.getAtIndex(ValueLayout.JAVA_FLOAT, i), 2e-6 * (1 + Math.abs(expected)),
                        what + " number " + i);
            }
        }
    }

    @Test
    void ofFunctions() {
        for (Activation activation : Activation.values()) {
            compare(activation.name(), (k, x, dy, dx) ->
                    k.elementwiseGradient().activate(activation, x, dy, dx, COUNT, WORKERS));
        }
        compare("geglu", (k, x, dy, dx) -> k.elementwiseGradient().geglu(x, dy, dx, 6, COUNT / 12, WORKERS));
        compare("sum", (k, x, dy, dx) -> k.elementwiseGradient().sumMiddle(x, dx, 2, 48, 5, WORKERS));
        compare("losses", (k, x, dy, dx) -> {
            ElementwiseGradient gradient = k.elementwiseGradient();
            gradient.squaredError(x, dy, dy, 7, 0.5f, dx, COUNT, WORKERS);
            gradient.binaryCrossEntropy(x, dy, x, 0.5f, dx + 4 * COUNT, COUNT, WORKERS);
            gradient.fill(3, dx + 8 * COUNT, COUNT, WORKERS);
        });
    }

    @Test
    void ofMovements() {
        compare("resizes", (k, x, dy, dx) -> {
            k.rearrangementGradient().resizeNearest(dy, dx, 2, 6, 8, 7, 16, 5, WORKERS);
            k.rearrangementGradient().resize(Filter.BICUBIC, true, dy, dx + 4 * COUNT, 2, 6, 8, 5, 3, 9, WORKERS);
            k.rearrangementGradient().resize(Filter.BILINEAR, false, dy, dx + 8 * COUNT, 2, 6, 8, 5, 12, 5, WORKERS);
        });
        Window window = new Window(3, 3, 2, 2, 1, 1);
        compare("pools", (k, x, dy, dx) -> {
            RearrangementGradient gradient = k.rearrangementGradient();
            gradient.maxPool(x, dy, dx, 2, 6, 8, 5, window, WORKERS);
            gradient.averagePool(dy, dx + 4 * COUNT, 2, 6, 8, 5, window, true, WORKERS);
            gradient.averagePool(dy, dx + 8 * COUNT, 2, 6, 8, 5, window, false, WORKERS);
            gradient.adaptiveAveragePool(dy, dx + 12 * COUNT, 2, 6, 8, 5, 4, 3, WORKERS);
        });
        compare("spread pixels", (k, x, dy, dx) ->
                k.rearrangementGradient().dilate(dy, dx, 2, 6, 8, 2, 1, 5, 13, 9, WORKERS));
        try (Arena arena = Arena.ofShared()) {
            long ids = arena.allocateFrom(ValueLayout.JAVA_INT, 3, 0, 3, 9).address();
            compare("rows", (k, x, dy, dx) -> {
                k.rearrangementGradient().embedding(ids, dy, dx, 4, 12, 40, WORKERS);
                k.rearrangementGradient().gatherRows(ids, dy, dx + 4 * COUNT, 4, 10, 12, WORKERS);
            });
        }
    }

    @Test
    void whatAnOptimizerNeedsBesides() {
        compare("averages", (k, x, dy, dx) -> {
            Optimization optimization = k.optimization();
            optimization.average(0.9, dx, x, COUNT, WORKERS);
            optimization.accumulate(0.5f, x, dx + 4 * COUNT, COUNT, WORKERS);
            k.elementwiseGradient().fill((float) optimization.sumOfSquares(x, COUNT, WORKERS), dx + 8 * COUNT, 1, WORKERS);
            assertEquals(-1, optimization.firstNonFinite(dx, COUNT, WORKERS));
            k.elementwiseGradient().fill(Float.NaN, dx + 44, 1, WORKERS);
            assertEquals(11, optimization.firstNonFinite(dx, COUNT, WORKERS));
            k.elementwiseGradient().fill(0, dx + 44, 1, WORKERS);
        });
    }
}
