package dev.cathode.kernels.cpu.vector;

import static dev.cathode.kernels.cpu.OffHeap.ALL;
import static dev.cathode.kernels.cpu.vector.Simd.LANES;
import static dev.cathode.kernels.cpu.vector.Simd.LE;
import static dev.cathode.kernels.cpu.vector.Simd.SHORTS;
import static dev.cathode.kernels.cpu.vector.Simd.SPECIES;

import dev.cathode.kernels.cpu.WeightStorage;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.ShortVector;

/// [Conversions] on the Vector API. Each is a loop of its own: a vector that comes from one of several branches is put
/// on the heap.
final class VectorConversions implements Conversions {
    static {
        CompilerDirectives.install();
    }

    @Override
    public void widen(WeightStorage from, long x, long y, long count) {
        switch (from) {
            case BF16 -> widenBf16(x, y, count);
            case F16 -> widenF16(x, y, count);
            case F32 -> throw notHalf();
        }
    }

    private static void widenBf16(long x, long y, long count) {
        for (long i = 0; i < count; i += LANES) {
            HalfFloats.widenBf16(ShortVector.fromMemorySegment(SHORTS, ALL, x + 2 * i, LE))
                    .intoMemorySegment(ALL, y + 4 * i, LE);
        }
    }

    private static void widenF16(long x, long y, long count) {
        for (long i = 0; i < count; i += LANES) {
            HalfFloats.widenF16(ShortVector.fromMemorySegment(SHORTS, ALL, x + 2 * i, LE))
                    .intoMemorySegment(ALL, y + 4 * i, LE);
        }
    }

    @Override
    public void narrow(WeightStorage to, long x, long y, long count) {
        switch (to) {
            case BF16 -> narrowBf16(x, y, count);
            case F16 -> narrowF16(x, y, count);
            case F32 -> throw notHalf();
        }
    }

    private static void narrowBf16(long x, long y, long count) {
        for (long i = 0; i < count; i += LANES) {
            HalfFloats.narrowBf16(FloatVector.fromMemorySegment(SPECIES, ALL, x + 4 * i, LE))
                    .intoMemorySegment(ALL, y + 2 * i, LE);
        }
    }

    private static void narrowF16(long x, long y, long count) {
        for (long i = 0; i < count; i += LANES) {
            HalfFloats.narrowF16(FloatVector.fromMemorySegment(SPECIES, ALL, x + 4 * i, LE))
                    .intoMemorySegment(ALL, y + 2 * i, LE);
        }
    }

    private static IllegalArgumentException notHalf() {
        return new IllegalArgumentException("float32 needs no conversion");
    }
}
