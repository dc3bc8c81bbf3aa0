package dev.cathode.kernels.cpu.x86;

import dev.cathode.kernels.cpu.vector.Passes;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.ref.Reference;

/// Passes over numbers by machine code. What takes microseconds is called as critical: see [EmittedProducts].
final class EmittedPasses implements Passes {
    private static final MethodHandle SIX = Calls.critical(6);

    private final MemorySegment transposition;

    private EmittedPasses(MachineCode code, Offsets offsets) {
        transposition = code.at(offsets.transposition);
    }

    /// Where the functions start.
    record Offsets(int transposition) {
        EmittedPasses in(MachineCode code) {
            return new EmittedPasses(code, this);
        }
    }

    /// Appends the functions for vectors of 512 bits (AVX-512) or 256 (AVX2).
    static Offsets write(Assembler a, int bits) {
        a.align(64);
        int transposition = a.position();
        TranspositionCode.write(a, bits);
        return new Offsets(transposition);
    }

    @Override
    public void transpose(long x, long xStride, int rows, int columns, long y, long yStride, long square) {
        if (rows == 0 || columns == 0) {
            return;
        }
        try {
            SIX.invokeExact(transposition, x, xStride, (long) rows, (long) columns, y, yStride);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        } finally {
            Reference.reachabilityFence(this); // the code lives as long as this
        }
    }
}
