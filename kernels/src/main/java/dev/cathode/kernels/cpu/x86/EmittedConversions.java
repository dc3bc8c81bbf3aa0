package dev.cathode.kernels.cpu.x86;

import dev.cathode.kernels.cpu.WeightStorage;
import dev.cathode.kernels.cpu.vector.Conversions;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/// Conversions by machine code.
final class EmittedConversions implements Conversions {
    private static final MethodHandle THREE = Calls.critical(3);

    /// Of half precision, then of bfloat16.
    private final MemorySegment[] widen = new MemorySegment[2];
    private final MemorySegment[] narrow = new MemorySegment[2];

    private EmittedConversions(Offsets offsets, MachineCode code) {
        for (int i = 0; i < 2; i++) {
            widen[i] = code.at(offsets.widen[i]);
            narrow[i] = code.at(offsets.narrow[i]);
        }
    }

    /// Appends the functions, and remembers where they start.
    static final class Offsets {
        private final int[] widen = new int[2];
        private final int[] narrow = new int[2];

        /// @param bits of a vector: 512 (AVX-512) or 256 (AVX2)
        Offsets(Assembler a, int bits) {
            for (int i = 0; i < 2; i++) {
                widen[i] = a.function();
                ConversionCode.widen(a, bits, i == 1);
                narrow[i] = a.function();
                ConversionCode.narrow(a, bits, i == 1);
            }
        }

        /// The functions in executable memory.
        EmittedConversions in(MachineCode code) {
            return new EmittedConversions(this, code);
        }
    }

    @Override
    public void widen(WeightStorage from, long x, long y, long count) {
        convert(widen[index(from)], x, y, count);
    }

    @Override
    public void narrow(WeightStorage to, long x, long y, long count) {
        convert(narrow[index(to)], x, y, count);
    }

    private static int index(WeightStorage storage) {
        return switch (storage) {
            case F16 -> 0;
            case BF16 -> 1;
            case F32 -> throw new IllegalArgumentException("float32 needs no conversion");
        };
    }

    private void convert(MemorySegment function, long x, long y, long count) {
        Calls.run(this, () -> { THREE.invokeExact(function, x, y, count); });
    }
}
