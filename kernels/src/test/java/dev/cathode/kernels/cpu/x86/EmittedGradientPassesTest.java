package dev.cathode.kernels.cpu.x86;

import static dev.cathode.kernels.cpu.x86.Twins.numbers;
import static dev.cathode.kernels.cpu.x86.Twins.plain;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cathode.kernels.cpu.Activation;
import dev.cathode.kernels.cpu.vector.GradientPasses;
import java.util.Random;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class EmittedGradientPassesTest {
    /// Of rows: whole vectors and others, of both widths.
    private static final int[] COUNTS = {0, 1, 2, 7, 8, 13, 16, 17, 31, 64, 67, 128, 131, 320};

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
}
