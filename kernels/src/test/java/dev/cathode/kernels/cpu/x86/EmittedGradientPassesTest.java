package dev.cathode.kernels.cpu.x86;

import static dev.cathode.kernels.cpu.x86.Twins.numbers;
import static dev.cathode.kernels.cpu.x86.Twins.plain;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cathode.kernels.cpu.Activation;
import dev.cathode.kernels.cpu.vector.GradientPasses;
import java.util.Random;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class EmittedGradientPassesTest {
    /// Of rows: whole vectors and others, of both widths.
    private static final int[] COUNTS = {0, 1, 2, 7, 8, 13, 16, 17, 31, 64, 67, 128, 131, 320};

    private static final int[] ROWS = {1, 2, 5};

    @BeforeEach
    void machineCodeHasVectorsOfThisWidth() {
        assumeTrue(Twins.BITS >= 256, "no machine code for vectors of " + Twins.BITS + " bits");
    }

    private static void compare(String what, BiConsumer<GradientPasses, long[]> pass, float[]... operands) {
        Twins.compare(what, EmittedProducts::gradientPasses, GradientPasses.vector(), pass, operands);
    }

    @ParameterizedTest
    @EnumSource(Activation.class)
    void chains(Activation activation) {
        Random random = new Random(7);
        for (int count : COUNTS) {
            compare(activation + " of " + count, (passes, at) -> passes.chain(activation, at[0], at[1], at[2], count),
                    numbers(random, count), plain(random, count), new float[count]);
            compare(activation + " in place", (passes, at) -> passes.chain(activation, at[0], at[1], at[1], count),
                    plain(random, count), numbers(random, count));
        }
    }

    @Test
    void gates() {
        Random random = new Random(8);
        for (int count : COUNTS) {
            compare("gate of " + count, (passes, at) -> passes.gate(at[0], at[1], at[2], at[3], at[4], count),
                    plain(random, count), numbers(random, count), plain(random, count), new float[count],
                    new float[count]);
            compare("gate in place", (passes, at) -> passes.gate(at[0], at[1], at[2], at[0], at[1], count),
                    numbers(random, count), plain(random, count), plain(random, count));
        }
    }

    /// Numbers like others, but for one count some that are not.
    private static float[] operand(Random random, int count, int size) {
        return count == 17 ? numbers(random, size) : plain(random, size);
    }

    @ParameterizedTest
    @EnumSource(Activation.class)
    void channels(Activation activation) {
        Random random = new Random(9);
        for (int rows : ROWS) {
            for (int count : COUNTS) {
                float[] x = operand(random, count, rows * count);
                float[] dy = operand(random, count, rows * count);
                float[] factors = plain(random, 5 * count);
                compare(activation + " sums", (passes, at) -> passes.channelSums(activation, at[0], at[1], rows, count,
                        at[2], at[3]), x, dy, factors, plain(random, 2 * count));
                compare(activation + " gradient", (passes, at) -> passes.channelGradient(activation, at[0], at[1], rows,
                        count, at[2], at[3]), x, dy, factors, new float[rows * count]);
                compare(activation + " in place", (passes, at) -> passes.channelGradient(activation, at[0], at[1], rows,
                        count, at[2], at[1]), x, dy, factors);
            }
        }
    }

    @Test
    void rows() {
        Random random = new Random(10);
        for (int rows : ROWS) {
            for (int count : COUNTS) {
                float[] x = operand(random, count, rows * count);
                float[] dy = operand(random, count, rows * count);
                float[] weight = plain(random, count);
                float[] factors = operand(random, count, 5 * rows);
                compare("moments of " + count, (passes, at) -> passes.rowMoments(at[0], rows, count, at[1], at[2]), x,
                        factors, new float[4 * rows]);
                compare("sums of " + count, (passes, at) -> passes.rowSums(at[0], at[1], rows, count, at[2], at[3],
                        at[4], at[5]), x, dy, weight, factors, plain(random, 2 * count), new float[4 * rows]);
                compare("gradient of " + count, (passes, at) -> passes.rowGradient(at[0], at[1], rows, count, at[2],
                        at[3], at[4]), x, dy, weight, factors, new float[rows * count]);
                compare("in place", (passes, at) -> passes.rowGradient(at[0], at[1], rows, count, at[2], at[3], at[1]),
                        x, dy, weight, factors);
            }
        }
    }

    @Test
    void softmax() {
        Random random = new Random(11);
        for (int rows : ROWS) {
            for (int count : COUNTS) {
                float[] y = operand(random, count, rows * count);
                float[] dy = operand(random, count, rows * count);
                float[] factors = plain(random, 2 * rows);
                compare("sums of " + count, (passes, at) -> passes.softmaxSums(at[0], at[1], rows, count, at[2]), y, dy,
                        new float[4 * rows]);
                compare("gradient of " + count, (passes, at) -> passes.softmax(at[0], at[1], rows, count, at[2], at[3]),
                        y, dy, factors, new float[rows * count]);
                compare("in place", (passes, at) -> passes.softmax(at[0], at[1], rows, count, at[2], at[1]), y, dy,
                        factors);
                compare("logarithm of " + count, (passes, at) -> passes.logSoftmax(at[0], at[1], rows, count, at[2],
                        at[3]), y, dy, factors, new float[rows * count]);
            }
        }
    }
}
