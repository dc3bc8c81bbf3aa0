package dev.cathode.kernels.cpu.x86;

import dev.cathode.kernels.cpu.vector.ScorePasses;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/// The passes of attention's gradient by machine code.
final class EmittedScorePasses implements ScorePasses {
    private static final MethodHandle FIVE = Calls.critical(5);
    private static final MethodHandle SIX = Calls.critical(6);
    private static final MethodHandle SEVEN = Calls.critical(7);

    private final MemorySegment shift;
    private final MemorySegment exponentiate;
    private final MemorySegment differentiate;

    private EmittedScorePasses(Offsets offsets, MachineCode code) {
        shift = code.at(offsets.shift);
        exponentiate = code.at(offsets.exponentiate);
        differentiate = code.at(offsets.differentiate);
    }

    /// Appends the functions, and remembers where they start.
    static final class Offsets {
        private final int shift;
        private final int exponentiate;
        private final int differentiate;

        /// @param bits of a vector: 512 (AVX-512) or 256 (AVX2)
        Offsets(Assembler a, int bits) {
            shift = a.function();
            ScoreCode.shift(a, bits);
            exponentiate = a.function();
            ScoreCode.exponentiate(a, bits);
            differentiate = a.function();
            ScoreCode.differentiate(a, bits);
        }

        /// The functions in executable memory.
        EmittedScorePasses in(MachineCode code) {
            return new EmittedScorePasses(this, code);
        }
    }

    @Override
    public void shift(long x, int queries, int columns, float factor, long shift, long lanes) {
        long bits = Float.floatToRawIntBits(factor);
        Calls.run(this, () -> { SIX.invokeExact(this.shift, x, (long) queries, 4L * columns, bits, shift, lanes); });
    }

    @Override
    public void exponentiate(long x, int queries, int columns, long maxima, long lanes) {
        Calls.run(this, () -> { FIVE.invokeExact(exponentiate, x, (long) queries, 4L * columns, maxima, lanes); });
    }

    @Override
    public void differentiate(long p, long ds, int queries, int columns, long inverses, long dots, float scale) {
        long bits = Float.floatToRawIntBits(scale);
        Calls.run(this, () -> { SEVEN.invokeExact(differentiate, p, ds, (long) queries, 4L * columns, inverses, dots,
                bits); });
    }
}
