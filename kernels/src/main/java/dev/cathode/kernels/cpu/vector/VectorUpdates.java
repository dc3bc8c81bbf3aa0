package dev.cathode.kernels.cpu.vector;

import static dev.cathode.kernels.cpu.OffHeap.ALL;
import static dev.cathode.kernels.cpu.vector.Simd.DOUBLES;
import static dev.cathode.kernels.cpu.vector.Simd.HALF_FLOATS;
import static dev.cathode.kernels.cpu.vector.Simd.LANES;
import static dev.cathode.kernels.cpu.vector.Simd.LE;
import static dev.cathode.kernels.cpu.vector.Simd.SPECIES;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/// [Updates] on the Vector API.
final class VectorUpdates implements Updates {
    static {
        CompilerDirectives.install();
    }

    private static final long V = 4L * LANES;

    @Override
    public void adam(long factors, long parameter, long gradient, long first, long second, long count) {
        FloatVector keep = FloatVector.broadcast(SPECIES, ALL.get(JAVA_FLOAT_UNALIGNED, factors));
        FloatVector decay = FloatVector.broadcast(SPECIES, ALL.get(JAVA_FLOAT_UNALIGNED, factors + 4));
        FloatVector scale = FloatVector.broadcast(SPECIES, ALL.get(JAVA_FLOAT_UNALIGNED, factors + 8));
        FloatVector newFirst = FloatVector.broadcast(SPECIES, ALL.get(JAVA_FLOAT_UNALIGNED, factors + 12));
        FloatVector oldSecond = FloatVector.broadcast(SPECIES, ALL.get(JAVA_FLOAT_UNALIGNED, factors + 16));
        FloatVector newSecond = FloatVector.broadcast(SPECIES, ALL.get(JAVA_FLOAT_UNALIGNED, factors + 20));
        FloatVector step = FloatVector.broadcast(SPECIES, ALL.get(JAVA_FLOAT_UNALIGNED, factors + 24));
        FloatVector epsilon = FloatVector.broadcast(SPECIES, ALL.get(JAVA_FLOAT_UNALIGNED, factors + 28));
        for (long i = 0; i < 4 * count; i += V) {
            FloatVector p = FloatVector.fromMemorySegment(SPECIES, ALL, parameter + i, LE);
            FloatVector g = FloatVector.fromMemorySegment(SPECIES, ALL, gradient + i, LE);
            FloatVector m = FloatVector.fromMemorySegment(SPECIES, ALL, first + i, LE);
            FloatVector v = FloatVector.fromMemorySegment(SPECIES, ALL, second + i, LE);
            g = p.fma(decay, g.mul(scale));
            m = g.sub(m).fma(newFirst, m);
            v = g.mul(g).fma(newSecond, v.mul(oldSecond));
            p = m.div(v.sqrt().add(epsilon)).fma(step, p.mul(keep));
            m.intoMemorySegment(ALL, first + i, LE);
            v.intoMemorySegment(ALL, second + i, LE);
            p.intoMemorySegment(ALL, parameter + i, LE);
        }
    }

    @Override
    public void average(float share, long average, long x, long count) {
        FloatVector factor = FloatVector.broadcast(SPECIES, share);
        for (long i = 0; i < 4 * count; i += V) {
            FloatVector a = FloatVector.fromMemorySegment(SPECIES, ALL, average + i, LE);
            FloatVector.fromMemorySegment(SPECIES, ALL, x + i, LE).sub(a).fma(factor, a)
                    .intoMemorySegment(ALL, average + i, LE);
        }
    }

    @Override
    public void accumulate(float scale, long sum, long x, long count) {
        FloatVector factor = FloatVector.broadcast(SPECIES, scale);
        for (long i = 0; i < 4 * count; i += V) {
            FloatVector s = FloatVector.fromMemorySegment(SPECIES, ALL, sum + i, LE);
            FloatVector.fromMemorySegment(SPECIES, ALL, x + i, LE).fma(factor, s).intoMemorySegment(ALL, sum + i, LE);
        }
    }

    @Override
    public void squares(long x, long count, long lanes) {
        DoubleVector lower = DoubleVector.zero(DOUBLES);
        DoubleVector upper = DoubleVector.zero(DOUBLES);
        for (long i = 0; i < 4 * count; i += V) {
            DoubleVector a = (DoubleVector) FloatVector.fromMemorySegment(HALF_FLOATS, ALL, x + i, LE)
                    .convertShape(VectorOperators.F2D, DOUBLES, 0);
            DoubleVector b = (DoubleVector) FloatVector.fromMemorySegment(HALF_FLOATS, ALL, x + i + V / 2, LE)
                    .convertShape(VectorOperators.F2D, DOUBLES, 0);
            lower = a.fma(a, lower); // products of two floats are exact in float64
            upper = b.fma(b, upper);
        }
        lower.intoMemorySegment(ALL, lanes, LE);
        upper.intoMemorySegment(ALL, lanes + V, LE);
    }
}
