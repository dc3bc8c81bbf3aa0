package dev.cathode.kernels.cpu.vector;

import static dev.cathode.kernels.cpu.OffHeap.ALL;
import static dev.cathode.kernels.cpu.vector.Simd.LANES;
import static dev.cathode.kernels.cpu.vector.Simd.LE;
import static dev.cathode.kernels.cpu.vector.Simd.SPECIES;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/// Adds up what tasks left in memory, in their order and with the rounding errors carried along (Knuth's two-sum), so
/// that the result is as good as a sum in float64 and the same for every number of threads.
final class PartialSums {
    static {
        CompilerDirectives.install();
    }

    private PartialSums() { }

    /// The sum over the parts of `parts[part][i]`, to `sums[offset + i]`.
    ///
    /// @param parts `[count, width]`
    /// @param sums at least `width` numbers from `offset` on
    static void add(long parts, int count, int width, double[] sums, int offset) {
        float[] high = new float[LANES];
        float[] low = new float[LANES];
        for (int i = 0; i < width; i += LANES) {
            column(parts + 4L * i, count, width, high, low, SPECIES.indexInRange(i, width));
            for (int lane = 0; lane < Math.min(LANES, width - i); lane++) {
                sums[offset + i + lane] = (double) high[lane] + low[lane];
            }
        }
    }

    private static void column(long parts, int count, int width, float[] high, float[] low, VectorMask<Float> mask) {
        FloatVector sum = FloatVector.zero(SPECIES);
        FloatVector lost = FloatVector.zero(SPECIES);
        for (int part = 0; part < count; part++) {
            FloatVector v = FloatVector.fromMemorySegment(SPECIES, ALL, parts + 4L * part * width, LE, mask);
            FloatVector next = sum.add(v);
            FloatVector taken = next.sub(sum);
            lost = sum.sub(next.sub(taken)).add(v.sub(taken)).add(lost);
            sum = next;
        }
        sum.intoArray(high, 0);
        lost.intoArray(low, 0);
    }
}
