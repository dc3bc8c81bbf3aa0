package dev.cathode.kernels.cpu.vector;

import static dev.cathode.kernels.cpu.OffHeap.ALL;
import static dev.cathode.kernels.cpu.vector.Simd.LANES;
import static dev.cathode.kernels.cpu.vector.Simd.SPECIES;
import static jdk.incubator.vector.VectorOperators.ABS;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LT;

import dev.cathode.kernels.cpu.Activation;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/// Gradients of activations, one loop each, as in [Activations].
final class ActivationGradients {
    static {
        CompilerDirectives.install();
    }

    private static final int V = LANES * Float.BYTES;

    private ActivationGradients() { }

    /// `dx = dy · activation'(x)` over `count` numbers on this thread; dx may be the memory of x or dy.
    ///
    /// The derivative of ReLU at 0 is 0.
    static void chain(Activation activation, long x, long dy, long dx, int count) {
        int whole = count - count % LANES;
        long bytes = 4L * whole;
        switch (activation) {
            case NONE -> none(dy, dx, bytes);
            case RELU -> relu(x, dy, dx, bytes);
            case SILU -> silu(x, dy, dx, bytes);
            case GELU -> gelu(x, dy, dx, bytes);
            case GELU_TANH -> geluTanh(x, dy, dx, bytes);
            case QUICK_GELU -> quickGelu(x, dy, dx, bytes);
            case SIGMOID -> sigmoid(x, dy, dx, bytes);
            case TANH -> tanh(x, dy, dx, bytes);
            case SOFTPLUS -> softplus(x, dy, dx, bytes);
            case EXP -> exp(x, dy, dx, bytes);
        }
        if (whole < count) {
            rest(activation, x + bytes, dy + bytes, dx + bytes, SPECIES.indexInRange(whole, count));
        }
    }

    private static void rest(Activation activation, long x, long dy, long dx, VectorMask<Float> rest) {
        FloatVector gradient = FloatVector.fromMemorySegment(SPECIES, ALL, dy, Simd.LE, rest);
        VectorDerivatives.chain(activation, FloatVector.fromMemorySegment(SPECIES, ALL, x, Simd.LE, rest), gradient)
                .intoMemorySegment(ALL, dx, Simd.LE, rest);
    }

    private static void none(long dy, long dx, long bytes) {
        if (dy != dx) {
            MemorySegment.copy(ALL, dy, ALL, dx, bytes);
        }
    }

    private static void relu(long x, long dy, long dx, long bytes) {
        for (long i = 0; i < bytes; i += V) {
            FloatVector v = FloatVector.fromMemorySegment(SPECIES, ALL, x + i, Simd.LE);
            FloatVector.fromMemorySegment(SPECIES, ALL, dy + i, Simd.LE).blend(0f, v.compare(VectorOperators.LE, 0f))
                    .intoMemorySegment(ALL, dx + i, Simd.LE);
        }
    }

    private static void silu(long x, long dy, long dx, long bytes) {
        for (long i = 0; i < bytes; i += V) {
            VectorDerivatives.silu(FloatVector.fromMemorySegment(SPECIES, ALL, x + i, Simd.LE))
                    .mul(FloatVector.fromMemorySegment(SPECIES, ALL, dy + i, Simd.LE))
                    .intoMemorySegment(ALL, dx + i, Simd.LE);
        }
    }

    private static void gelu(long x, long dy, long dx, long bytes) {
        for (long i = 0; i < bytes; i += V) {
            VectorDerivatives.gelu(FloatVector.fromMemorySegment(SPECIES, ALL, x + i, Simd.LE))
                    .mul(FloatVector.fromMemorySegment(SPECIES, ALL, dy + i, Simd.LE))
                    .intoMemorySegment(ALL, dx + i, Simd.LE);
        }
    }

    private static void geluTanh(long x, long dy, long dx, long bytes) {
        for (long i = 0; i < bytes; i += V) {
            VectorDerivatives.geluTanh(FloatVector.fromMemorySegment(SPECIES, ALL, x + i, Simd.LE))
                    .mul(FloatVector.fromMemorySegment(SPECIES, ALL, dy + i, Simd.LE))
                    .intoMemorySegment(ALL, dx + i, Simd.LE);
        }
    }

    private static void quickGelu(long x, long dy, long dx, long bytes) {
        for (long i = 0; i < bytes; i += V) {
            VectorDerivatives.quickGelu(FloatVector.fromMemorySegment(SPECIES, ALL, x + i, Simd.LE))
                    .mul(FloatVector.fromMemorySegment(SPECIES, ALL, dy + i, Simd.LE))
                    .intoMemorySegment(ALL, dx + i, Simd.LE);
        }
    }

    private static void sigmoid(long x, long dy, long dx, long bytes) {
        for (long i = 0; i < bytes; i += V) {
            VectorDerivatives.sigmoid(FloatVector.fromMemorySegment(SPECIES, ALL, x + i, Simd.LE))
                    .mul(FloatVector.fromMemorySegment(SPECIES, ALL, dy + i, Simd.LE))
                    .intoMemorySegment(ALL, dx + i, Simd.LE);
        }
    }

    private static void tanh(long x, long dy, long dx, long bytes) {
        for (long i = 0; i < bytes; i += V) {
            VectorDerivatives.tanh(FloatVector.fromMemorySegment(SPECIES, ALL, x + i, Simd.LE))
                    .mul(FloatVector.fromMemorySegment(SPECIES, ALL, dy + i, Simd.LE))
                    .intoMemorySegment(ALL, dx + i, Simd.LE);
        }
    }

    private static void softplus(long x, long dy, long dx, long bytes) {
        for (long i = 0; i < bytes; i += V) {
            VectorMath.sigmoid(FloatVector.fromMemorySegment(SPECIES, ALL, x + i, Simd.LE))
                    .mul(FloatVector.fromMemorySegment(SPECIES, ALL, dy + i, Simd.LE))
                    .intoMemorySegment(ALL, dx + i, Simd.LE);
        }
    }

    private static void exp(long x, long dy, long dx, long bytes) {
        for (long i = 0; i < bytes; i += V) {
            VectorMath.exp(FloatVector.fromMemorySegment(SPECIES, ALL, x + i, Simd.LE))
                    .mul(FloatVector.fromMemorySegment(SPECIES, ALL, dy + i, Simd.LE))
                    .intoMemorySegment(ALL, dx + i, Simd.LE);
        }
    }

    /// `dx = dy · gelu(gate)`, `dGate = dy · x · gelu'(gate)`; both take the same exponential.
    static void gate(long x, long gate, long dy, long dx, long dGate, int count) {
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            FloatVector g = FloatVector.fromMemorySegment(SPECIES, ALL, gate + 4L * i, Simd.LE);
            FloatVector near = g.blend(15f, g.compare(GT, 15f)).blend(-15f, g.compare(LT, -15f));
            FloatVector e = VectorMath.expOfMinusHalfSquare(near.lanewise(ABS));
            FloatVector tail = VectorMath.normalTail(near.lanewise(ABS), e);
            FloatVector cdf = FloatVector.broadcast(SPECIES, 1f).sub(tail).blend(tail, near.compare(LT, 0f));
            FloatVector slope = e.mul(0.3989422804014327f).fma(near, cdf);
            FloatVector up = FloatVector.fromMemorySegment(SPECIES, ALL, dy + 4L * i, Simd.LE);
            FloatVector left = FloatVector.fromMemorySegment(SPECIES, ALL, x + 4L * i, Simd.LE);
            up.mul(left).mul(slope).intoMemorySegment(ALL, dGate + 4L * i, Simd.LE);
            g.mul(cdf).mul(up).intoMemorySegment(ALL, dx + 4L * i, Simd.LE);
        }
        if (i < count) {
            long at = 4L * i;
            gateRest(x + at, gate + at, dy + at, dx + at, dGate + at, SPECIES.indexInRange(i, count));
        }
    }

    private static void gateRest(long x, long gate, long dy, long dx, long dGate, VectorMask<Float> rest) {
        FloatVector g = FloatVector.fromMemorySegment(SPECIES, ALL, gate, Simd.LE, rest);
        FloatVector up = FloatVector.fromMemorySegment(SPECIES, ALL, dy, Simd.LE, rest);
        FloatVector left = FloatVector.fromMemorySegment(SPECIES, ALL, x, Simd.LE, rest);
        VectorDerivatives.gelu(g).mul(up.mul(left)).intoMemorySegment(ALL, dGate, Simd.LE, rest);
        VectorMath.gelu(g).mul(up).intoMemorySegment(ALL, dx, Simd.LE, rest);
    }
}
