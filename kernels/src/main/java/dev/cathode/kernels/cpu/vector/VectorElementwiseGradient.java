package dev.cathode.kernels.cpu.vector;

import static dev.cathode.kernels.cpu.OffHeap.ALL;
import static dev.cathode.kernels.cpu.vector.Simd.LANES;
import static dev.cathode.kernels.cpu.vector.Simd.LE;
import static dev.cathode.kernels.cpu.vector.Simd.SPECIES;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.cathode.kernels.cpu.Activation;
import dev.cathode.kernels.cpu.ElementwiseGradient;
import dev.cathode.kernels.cpu.Workers;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/// Gradients of the functions of [VectorElementwise]; the ends of loops go through a mask. Sums are in [MiddleSum].
final class VectorElementwiseGradient implements ElementwiseGradient {
    static {
        CompilerDirectives.install();
    }

    private final GradientPasses passes;

    VectorElementwiseGradient() {
        this(new VectorGradientPasses());
    }

    VectorElementwiseGradient(GradientPasses passes) {
        this.passes = passes;
    }

    @Override
    public void activate(Activation activation, long x, long dy, long dx, long count, Workers workers) {
        VectorElementwise.chunks(count, workers, (start, n) -> passes.chain(activation, x + 4 * start,
                dy + 4 * start, dx + 4 * start, n));
    }

    @Override
    public void geglu(long x, long dy, long dx, int rows, int columns, Workers workers) {
        int together = Math.max(1, VectorElementwise.CHUNK / columns);
        workers.run(Math.ceilDiv(rows, together), (index, _) -> {
            for (int r = index * together; r < Math.min(rows, (index + 1) * together); r++) {
                long left = 8L * r * columns;
                long gate = left + 4L * columns;
                passes.gate(x + left, x + gate, dy + left / 2, dx + left, dx + gate, columns);
            }
        });
    }

    @Override
    public void sumMiddle(long x, long y, int outer, int middle, int inner, Workers workers) {
        MiddleSum.run(x, y, outer, middle, inner, workers);
    }

    @Override
    public void squaredError(long x, long target, long weights, long perWeight, float factor, long dx, long count,
                             Workers workers) {
        VectorElementwise.chunks(count, workers, (start, n) -> {
            long end = start + n;
            if (weights != 0 && perWeight == 1) {
                long at = 4 * start;
                squaredError(x + at, target + at, 2 * factor, dx + at, n);
                PairLoops.multiply(dx + at, weights + at, dx + at, n);
                return;
            }
            for (long i = start; i < end; ) { // runs of numbers with the same weight
                long next = weights == 0 ? end : Math.min(end, (i / perWeight + 1) * perWeight);
                float weight = weights == 0 ? 1 : ALL.get(JAVA_FLOAT_UNALIGNED, weights + 4 * (i / perWeight));
                squaredError(x + 4 * i, target + 4 * i, 2 * factor * weight, dx + 4 * i, (int) (next - i));
                i = next;
            }
        });
    }

    private static void squaredError(long x, long target, float factor, long dx, int count) {
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            FloatVector.fromMemorySegment(SPECIES, ALL, x + 4L * i, LE)
                    .sub(FloatVector.fromMemorySegment(SPECIES, ALL, target + 4L * i, LE)).mul(factor)
                    .intoMemorySegment(ALL, dx + 4L * i, LE);
        }
        if (i < count) {
            VectorMask<Float> rest = SPECIES.indexInRange(i, count);
            FloatVector.fromMemorySegment(SPECIES, ALL, x + 4L * i, LE, rest)
                    .sub(FloatVector.fromMemorySegment(SPECIES, ALL, target + 4L * i, LE, rest)).mul(factor)
                    .intoMemorySegment(ALL, dx + 4L * i, LE, rest);
        }
    }

    @Override
    public void binaryCrossEntropy(long x, long target, long mask, float factor, long dx, long count, Workers workers) {
        VectorElementwise.chunks(count, workers, (start, n) -> {
            long at = 4 * start;
            binaryCrossEntropy(x + at, target + at, factor, dx + at, n);
            if (mask != 0) { // while dx is in the cache
                PairLoops.multiply(dx + at, mask + at, dx + at, n);
            }
        });
    }

    private static void binaryCrossEntropy(long x, long target, float factor, long dx, int count) {
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            VectorMath.sigmoid(FloatVector.fromMemorySegment(SPECIES, ALL, x + 4L * i, LE))
                    .sub(FloatVector.fromMemorySegment(SPECIES, ALL, target + 4L * i, LE)).mul(factor)
                    .intoMemorySegment(ALL, dx + 4L * i, LE);
        }
        if (i < count) {
            binaryCrossEntropyRest(x + 4L * i, target + 4L * i, factor, dx + 4L * i, SPECIES.indexInRange(i, count));
        }
    }

    private static void binaryCrossEntropyRest(long x, long target, float factor, long dx, VectorMask<Float> rest) {
        VectorMath.sigmoid(FloatVector.fromMemorySegment(SPECIES, ALL, x, LE, rest))
                .sub(FloatVector.fromMemorySegment(SPECIES, ALL, target, LE, rest)).mul(factor)
                .intoMemorySegment(ALL, dx, LE, rest);
    }

    @Override
    public void fill(float value, long y, long count, Workers workers) {
        VectorElementwise.chunks(count, workers, (start, n) -> fill(value, y + 4 * start, n));
    }

    /// `y[i] = value` on this thread.
    static void fill(float value, long y, long count) {
        FloatVector numbers = FloatVector.broadcast(SPECIES, value);
        long i = 0;
        for (; i <= count - LANES; i += LANES) {
            numbers.intoMemorySegment(ALL, y + 4 * i, LE);
        }
        if (i < count) {
            numbers.intoMemorySegment(ALL, y + 4 * i, LE, SPECIES.indexInRange(i, count));
        }
    }
}
