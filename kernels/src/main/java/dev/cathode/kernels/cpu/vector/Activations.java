package dev.cathode.kernels.cpu.vector;

import static dev.cathode.kernels.cpu.OffHeap.ALL;
import static dev.cathode.kernels.cpu.vector.Simd.LE;
import static dev.cathode.kernels.cpu.vector.Simd.SPECIES;
import static jdk.incubator.vector.VectorOperators.LT;

import dev.cathode.kernels.cpu.Activation;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/// Activations of whole vectors in place, one loop each, so that the compiler sees one function in each loop. Loads and
/// stores are spelled out for the reason that [VectorMath] names.
final class Activations {
    static {
        CompilerDirectives.install();
    }

    private static final int V = Simd.LANES * Float.BYTES;

    private Activations() { }

    /// Replaces the numbers in `bytes` bytes at `x` (a multiple of a vector) by the activation of them.
    static void inPlace(Activation activation, long x, long bytes) {
        switch (activation) {
            case NONE -> { }
            case RELU -> relu(x, bytes);
            case SILU -> silu(x, bytes);
            case GELU -> gelu(x, bytes);
            case GELU_TANH -> geluTanh(x, bytes);
            case QUICK_GELU -> quickGelu(x, bytes);
            case SIGMOID -> sigmoid(x, bytes);
            case TANH -> tanh(x, bytes);
            case SOFTPLUS -> softplus(x, bytes);
            case EXP -> exp(x, bytes);
        }
    }

    /// `y = x · gelu(gate)`; `count` need not be a multiple of the lanes of a vector.
    static void gate(long x, long gate, long y, long count) {
        long i = 0;
        for (; i <= 4 * count - V; i += V) {
            FloatVector g = VectorMath.gelu(FloatVector.fromMemorySegment(SPECIES, ALL, gate + i, LE));
            FloatVector.fromMemorySegment(SPECIES, ALL, x + i, LE).mul(g).intoMemorySegment(ALL, y + i, LE);
        }
        if (i < 4 * count) {
            gateRest(x + i, gate + i, y + i, SPECIES.indexInRange(i / 4, count));
        }
    }

    /// Apart from the loop, because two copies of gelu in one method are more than the compiler inlines.
    private static void gateRest(long x, long gate, long y, VectorMask<Float> rest) {
        FloatVector g = VectorMath.gelu(FloatVector.fromMemorySegment(SPECIES, ALL, gate, LE, rest));
        FloatVector.fromMemorySegment(SPECIES, ALL, x, LE, rest).mul(g).intoMemorySegment(ALL, y, LE, rest);
    }

    private static void relu(long x, long bytes) {
        for (long i = 0; i < bytes; i += V) {
            FloatVector v = FloatVector.fromMemorySegment(SPECIES, ALL, x + i, LE);
            v.blend(0f, v.compare(LT, 0f)).intoMemorySegment(ALL, x + i, LE);
        }
    }

    private static void silu(long x, long bytes) {
        for (long i = 0; i < bytes; i += V) {
            VectorMath.silu(FloatVector.fromMemorySegment(SPECIES, ALL, x + i, LE))
                    .intoMemorySegment(ALL, x + i, LE);
        }
    }

    private static void gelu(long x, long bytes) {
        for (long i = 0; i < bytes; i += V) {
            VectorMath.gelu(FloatVector.fromMemorySegment(SPECIES, ALL, x + i, LE))
                    .intoMemorySegment(ALL, x + i, LE);
        }
    }

    private static void geluTanh(long x, long bytes) {
        for (long i = 0; i < bytes; i += V) {
            VectorMath.geluTanh(FloatVector.fromMemorySegment(SPECIES, ALL, x + i, LE))
                    .intoMemorySegment(ALL, x + i, LE);
        }
    }

    private static void quickGelu(long x, long bytes) {
        for (long i = 0; i < bytes; i += V) {
            VectorMath.quickGelu(FloatVector.fromMemorySegment(SPECIES, ALL, x + i, LE))
                    .intoMemorySegment(ALL, x + i, LE);
        }
    }

    private static void sigmoid(long x, long bytes) {
        for (long i = 0; i < bytes; i += V) {
            VectorMath.sigmoid(FloatVector.fromMemorySegment(SPECIES, ALL, x + i, LE))
                    .intoMemorySegment(ALL, x + i, LE);
        }
    }

    private static void tanh(long x, long bytes) {
        for (long i = 0; i < bytes; i += V) {
            VectorMath.tanh(FloatVector.fromMemorySegment(SPECIES, ALL, x + i, LE))
                    .intoMemorySegment(ALL, x + i, LE);
        }
    }

    private static void softplus(long x, long bytes) {
        for (long i = 0; i < bytes; i += V) {
            VectorMath.softplus(FloatVector.fromMemorySegment(SPECIES, ALL, x + i, LE))
                    .intoMemorySegment(ALL, x + i, LE);
        }
    }

    private static void exp(long x, long bytes) {
        for (long i = 0; i < bytes; i += V) {
            VectorMath.exp(FloatVector.fromMemorySegment(SPECIES, ALL, x + i, LE))
                    .intoMemorySegment(ALL, x + i, LE);
        }
    }
}
