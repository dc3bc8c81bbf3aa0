package dev.cathode.kernels.cpu.x86;

import dev.cathode.kernels.cpu.vector.Updates;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/// The loops of optimizers by machine code.
final class EmittedUpdates implements Updates {
    private static final MethodHandle THREE = Calls.critical(3);
    private static final MethodHandle FOUR = Calls.critical(4);
    private static final MethodHandle SIX = Calls.critical(6);

    private final MemorySegment adam;
    private final MemorySegment average;
    private final MemorySegment accumulate;
    private final MemorySegment squares;

    private EmittedUpdates(Offsets offsets, MachineCode code) {
        adam = code.at(offsets.adam);
        average = code.at(offsets.average);
        accumulate = code.at(offsets.accumulate);
        squares = code.at(offsets.squares);
    }

    /// Appends the functions, and remembers where they start.
    static final class Offsets {
        private final int adam;
        private final int average;
        private final int accumulate;
        private final int squares;

        /// @param bits of a vector: 512 (AVX-512) or 256 (AVX2)
        Offsets(Assembler a, int bits) {
            adam = a.function();
            UpdateCode.adam(a, bits);
            average = a.function();
            UpdateCode.average(a, bits);
            accumulate = a.function();
            UpdateCode.accumulate(a, bits);
            squares = a.function();
            UpdateCode.squares(a, bits);
        }

        /// The functions in executable memory.
        EmittedUpdates in(MachineCode code) {
            return new EmittedUpdates(this, code);
        }
    }

    @Override
    public void adam(long factors, long parameter, long gradient, long first, long second, long count) {
        Calls.run(this, () -> { SIX.invokeExact(adam, factors, parameter, gradient, first, second, 4 * count); });
    }

    @Override
    public void average(float share, long average, long x, long count) {
        mix(this.average, share, average, x, count);
    }

    @Override
    public void accumulate(float scale, long sum, long x, long count) {
        mix(accumulate, scale, sum, x, count);
    }

    private void mix(MemorySegment function, float factor, long y, long x, long count) {
        Calls.run(this, () -> { FOUR.invokeExact(function, (long) Float.floatToRawIntBits(factor), y, x, 4 * count); });
    }

    @Override
    public void squares(long x, long count, long lanes) {
        Calls.run(this, () -> { THREE.invokeExact(squares, x, 4 * count, lanes); });
    }
}
