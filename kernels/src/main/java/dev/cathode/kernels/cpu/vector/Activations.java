package dev.cathode.kernels.cpu.vector;

import static dev.cathode.kernels.cpu.OffHeap.ALL;
import static dev.cathode.kernels.cpu.vector.Simd.LE;
import static dev.cathode.kernels.cpu.vector.Simd.SPECIES;

import dev.cathode.kernels.cpu.Activation;
import jdk.incubator.vector.FloatVector;

/// Activations of whole vectors in place, one loop each, so that the compiler sees one function in each loop.
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
        }
    }

    /// `x = x · gelu(gate)` over `bytes` bytes.
    static void gate(long x, long gate, long bytes) {
        for (long i = 0; i < bytes; i += V) {
            store(load(x + i).mul(VectorMath.gelu(load(gate + i))), x + i);
        }
    }

    private static void relu(long x, long bytes) {
        for (long i = 0; i < bytes; i += V) {
            store(VectorMath.activate(Activation.RELU, load(x + i)), x + i);
        }
    }

    private static void silu(long x, long bytes) {
        for (long i = 0; i < bytes; i += V) {
            store(VectorMath.silu(load(x + i)), x + i);
        }
    }

    private static void gelu(long x, long bytes) {
        for (long i = 0; i < bytes; i += V) {
            store(VectorMath.gelu(load(x + i)), x + i);
        }
    }

    private static void geluTanh(long x, long bytes) {
        for (long i = 0; i < bytes; i += V) {
            store(VectorMath.geluTanh(load(x + i)), x + i);
        }
    }

    private static void quickGelu(long x, long bytes) {
        for (long i = 0; i < bytes; i += V) {
            store(VectorMath.quickGelu(load(x + i)), x + i);
        }
    }

    private static void sigmoid(long x, long bytes) {
        for (long i = 0; i < bytes; i += V) {
            store(VectorMath.sigmoid(load(x + i)), x + i);
        }
    }

    private static void tanh(long x, long bytes) {
        for (long i = 0; i < bytes; i += V) {
            store(VectorMath.tanh(load(x + i)), x + i);
        }
    }

    private static void softplus(long x, long bytes) {
        for (long i = 0; i < bytes; i += V) {
            store(VectorMath.softplus(load(x + i)), x + i);
        }
    }

    private static FloatVector load(long address) {
        return FloatVector.fromMemorySegment(SPECIES, ALL, address, LE);
    }

    private static void store(FloatVector x, long address) {
        x.intoMemorySegment(ALL, address, LE);
    }
}
