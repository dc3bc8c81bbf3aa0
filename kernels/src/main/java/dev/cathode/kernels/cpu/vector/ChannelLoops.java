package dev.cathode.kernels.cpu.vector;

import static dev.cathode.kernels.cpu.OffHeap.ALL;
import static dev.cathode.kernels.cpu.vector.Simd.LANES;
import static dev.cathode.kernels.cpu.vector.Simd.SPECIES;

import dev.cathode.kernels.cpu.Activation;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/// The loops of [ChannelGradient] over pixels `[rows, channels]`. Two pixels go through a loop together, which then
/// loads the factors of a channel once for both; a last odd pixel, the channels that fill no vector, and activations
/// that seldom follow a normalisation go another way. Factors are five rows of `channels` numbers (center, scale,
/// shift, slope, constant), sums two. A row of them is `stride` bytes long, like a pixel.
///
/// Everywhere `g = dy · activation'(z)`, `z = (x - center) · scale + shift`.
final class ChannelLoops {
    static {
        CompilerDirectives.install();
    }

    private ChannelLoops() { }

    /// Adds the sum of g over the rows to `sums[c]`, and the sum of `g · (x - center)` to `sums[channels + c]`.
    static void sums(Activation activation, long x, long dy, long factors, long sums, int rows, int channels) {
        long stride = 4L * channels;
        int whole = channels - channels % LANES;
        int fast = fast(activation, rows);
        for (int row = 0; row < rows; row++) {
            long xr = x + row * stride;
            long dyr = dy + row * stride;
            if (row < fast) {
                switch (activation) {
                    case SILU -> sumsSilu(xr, dyr, stride, factors, sums, whole);
                    case RELU -> {
                        if (row % 2 == 0) {
                            sumsRelu(xr, dyr, stride, factors, sums, whole);
                        }
                    }
                    default -> {
                        if (row % 2 == 0) {
                            sumsNone(xr, dyr, stride, factors, sums, whole);
                        }
                    }
                }
            }
            int from = row < fast ? whole : 0;
            if (from < channels) {
                sumsAny(activation, xr, dyr, stride, factors, sums, from, channels);
            }
        }
    }

    /// `dx = g · scale + (x - center) · slope + constant`.
    static void apply(Activation activation, long x, long dy, long factors, long dx, int rows, int channels) {
        long stride = 4L * channels;
        int whole = channels - channels % LANES;
        int fast = fast(activation, rows);
        for (int row = 0; row < rows; row++) {
            long xr = x + row * stride;
            long dyr = dy + row * stride;
            long dxr = dx + row * stride;
            if (row < fast) {
                switch (activation) {
                    case SILU -> applySilu(xr, dyr, dxr, stride, factors, whole);
                    case RELU -> {
                        if (row % 2 == 0) {
                            applyRelu(xr, dyr, dxr, stride, factors, whole);
                        }
                    }
                    default -> {
                        if (row % 2 == 0) {
                            applyNone(xr, dyr, dxr, stride, factors, whole);
                        }
                    }
                }
            }
            int from = row < fast ? whole : 0;
            if (from < channels) {
                applyAny(activation, xr, dyr, dxr, stride, factors, from, channels);
            }
        }
    }

    /// How many of the rows have a loop of their own: pairs, and with SiLU all (two copies of its derivative in one
    /// method are more than the compiler inlines).
    private static int fast(Activation activation, int rows) {
        return switch (activation) {
            case SILU -> rows;
            case NONE, RELU -> rows - rows % 2;
            default -> 0;
        };
    }

    private static void sumsNone(long x, long dy, long stride, long factors, long sums, int whole) {
        for (int c = 0; c < whole; c += LANES) {
            FloatVector middle = FloatVector.fromMemorySegment(SPECIES, ALL, factors + 4L * c, Simd.LE);
            FloatVector d0 = FloatVector.fromMemorySegment(SPECIES, ALL, x + 4L * c, Simd.LE).sub(middle);
            FloatVector g0 = FloatVector.fromMemorySegment(SPECIES, ALL, dy + 4L * c, Simd.LE);
            FloatVector d1 = FloatVector.fromMemorySegment(SPECIES, ALL, x + stride + 4L * c, Simd.LE).sub(middle);
            FloatVector g1 = FloatVector.fromMemorySegment(SPECIES, ALL, dy + stride + 4L * c, Simd.LE);
            FloatVector.fromMemorySegment(SPECIES, ALL, sums + 4L * c, Simd.LE).add(g0).add(g1)
                    .intoMemorySegment(ALL, sums + 4L * c, Simd.LE);
            FloatVector products = FloatVector.fromMemorySegment(SPECIES, ALL, sums + stride + 4L * c, Simd.LE);
            d1.fma(g1, d0.fma(g0, products)).intoMemorySegment(ALL, sums + stride + 4L * c, Simd.LE);
        }
    }

    private static void applyNone(long x, long dy, long dx, long stride, long factors, int whole) {
        for (int c = 0; c < whole; c += LANES) {
            FloatVector middle = FloatVector.fromMemorySegment(SPECIES, ALL, factors + 4L * c, Simd.LE);
            FloatVector factor = FloatVector.fromMemorySegment(SPECIES, ALL, factors + stride + 4L * c, Simd.LE);
            FloatVector d0 = FloatVector.fromMemorySegment(SPECIES, ALL, x + 4L * c, Simd.LE).sub(middle);
            FloatVector g0 = FloatVector.fromMemorySegment(SPECIES, ALL, dy + 4L * c, Simd.LE);
            FloatVector d1 = FloatVector.fromMemorySegment(SPECIES, ALL, x + stride + 4L * c, Simd.LE).sub(middle);
            FloatVector g1 = FloatVector.fromMemorySegment(SPECIES, ALL, dy + stride + 4L * c, Simd.LE);
            FloatVector a = FloatVector.fromMemorySegment(SPECIES, ALL, factors + 3 * stride + 4L * c, Simd.LE);
            FloatVector b = FloatVector.fromMemorySegment(SPECIES, ALL, factors + 4 * stride + 4L * c, Simd.LE);
            d0.fma(a, g0.fma(factor, b)).intoMemorySegment(ALL, dx + 4L * c, Simd.LE);
            d1.fma(a, g1.fma(factor, b)).intoMemorySegment(ALL, dx + stride + 4L * c, Simd.LE);
        }
    }

    private static void sumsRelu(long x, long dy, long stride, long factors, long sums, int whole) {
        for (int c = 0; c < whole; c += LANES) {
            FloatVector middle = FloatVector.fromMemorySegment(SPECIES, ALL, factors + 4L * c, Simd.LE);
            FloatVector factor = FloatVector.fromMemorySegment(SPECIES, ALL, factors + stride + 4L * c, Simd.LE);
            FloatVector summand = FloatVector.fromMemorySegment(SPECIES, ALL, factors + 2 * stride + 4L * c, Simd.LE);
            FloatVector d0 = FloatVector.fromMemorySegment(SPECIES, ALL, x + 4L * c, Simd.LE).sub(middle);
            FloatVector g0 = FloatVector.fromMemorySegment(SPECIES, ALL, dy + 4L * c, Simd.LE)
                    .blend(0f, d0.fma(factor, summand).compare(VectorOperators.LE, 0f));
            FloatVector d1 = FloatVector.fromMemorySegment(SPECIES, ALL, x + stride + 4L * c, Simd.LE).sub(middle);
            FloatVector g1 = FloatVector.fromMemorySegment(SPECIES, ALL, dy + stride + 4L * c, Simd.LE)
                    .blend(0f, d1.fma(factor, summand).compare(VectorOperators.LE, 0f));
            FloatVector.fromMemorySegment(SPECIES, ALL, sums + 4L * c, Simd.LE).add(g0).add(g1)
                    .intoMemorySegment(ALL, sums + 4L * c, Simd.LE);
            FloatVector products = FloatVector.fromMemorySegment(SPECIES, ALL, sums + stride + 4L * c, Simd.LE);
            d1.fma(g1, d0.fma(g0, products)).intoMemorySegment(ALL, sums + stride + 4L * c, Simd.LE);
        }
    }

    private static void applyRelu(long x, long dy, long dx, long stride, long factors, int whole) {
        for (int c = 0; c < whole; c += LANES) {
            FloatVector middle = FloatVector.fromMemorySegment(SPECIES, ALL, factors + 4L * c, Simd.LE);
            FloatVector factor = FloatVector.fromMemorySegment(SPECIES, ALL, factors + stride + 4L * c, Simd.LE);
            FloatVector summand = FloatVector.fromMemorySegment(SPECIES, ALL, factors + 2 * stride + 4L * c, Simd.LE);
            FloatVector d0 = FloatVector.fromMemorySegment(SPECIES, ALL, x + 4L * c, Simd.LE).sub(middle);
            FloatVector g0 = FloatVector.fromMemorySegment(SPECIES, ALL, dy + 4L * c, Simd.LE)
                    .blend(0f, d0.fma(factor, summand).compare(VectorOperators.LE, 0f));
            FloatVector d1 = FloatVector.fromMemorySegment(SPECIES, ALL, x + stride + 4L * c, Simd.LE).sub(middle);
            FloatVector g1 = FloatVector.fromMemorySegment(SPECIES, ALL, dy + stride + 4L * c, Simd.LE)
                    .blend(0f, d1.fma(factor, summand).compare(VectorOperators.LE, 0f));
            FloatVector a = FloatVector.fromMemorySegment(SPECIES, ALL, factors + 3 * stride + 4L * c, Simd.LE);
            FloatVector b = FloatVector.fromMemorySegment(SPECIES, ALL, factors + 4 * stride + 4L * c, Simd.LE);
            d0.fma(a, g0.fma(factor, b)).intoMemorySegment(ALL, dx + 4L * c, Simd.LE);
            d1.fma(a, g1.fma(factor, b)).intoMemorySegment(ALL, dx + stride + 4L * c, Simd.LE);
        }
    }

    private static void sumsSilu(long x, long dy, long stride, long factors, long sums, int whole) {
        for (int c = 0; c < whole; c += LANES) {
            FloatVector d = FloatVector.fromMemorySegment(SPECIES, ALL, x + 4L * c, Simd.LE)
                    .sub(FloatVector.fromMemorySegment(SPECIES, ALL, factors + 4L * c, Simd.LE));
            FloatVector z = d.fma(FloatVector.fromMemorySegment(SPECIES, ALL, factors + stride + 4L * c, Simd.LE),
                    FloatVector.fromMemorySegment(SPECIES, ALL, factors + 2 * stride + 4L * c, Simd.LE));
            FloatVector g = VectorDerivatives.silu(z)
                    .mul(FloatVector.fromMemorySegment(SPECIES, ALL, dy + 4L * c, Simd.LE));
            g.add(FloatVector.fromMemorySegment(SPECIES, ALL, sums + 4L * c, Simd.LE))
                    .intoMemorySegment(ALL, sums + 4L * c, Simd.LE);
            d.fma(g, FloatVector.fromMemorySegment(SPECIES, ALL, sums + stride + 4L * c, Simd.LE))
                    .intoMemorySegment(ALL, sums + stride + 4L * c, Simd.LE);
        }
    }

    private static void applySilu(long x, long dy, long dx, long stride, long factors, int whole) {
        for (int c = 0; c < whole; c += LANES) {
            FloatVector d = FloatVector.fromMemorySegment(SPECIES, ALL, x + 4L * c, Simd.LE)
                    .sub(FloatVector.fromMemorySegment(SPECIES, ALL, factors + 4L * c, Simd.LE));
            FloatVector factor = FloatVector.fromMemorySegment(SPECIES, ALL, factors + stride + 4L * c, Simd.LE);
            FloatVector summand = FloatVector.fromMemorySegment(SPECIES, ALL, factors + 2 * stride + 4L * c, Simd.LE);
            FloatVector g = VectorDerivatives.silu(d.fma(factor, summand))
                    .mul(FloatVector.fromMemorySegment(SPECIES, ALL, dy + 4L * c, Simd.LE));
            g = g.fma(factor, FloatVector.fromMemorySegment(SPECIES, ALL, factors + 4 * stride + 4L * c, Simd.LE));
            d.fma(FloatVector.fromMemorySegment(SPECIES, ALL, factors + 3 * stride + 4L * c, Simd.LE), g)
                    .intoMemorySegment(ALL, dx + 4L * c, Simd.LE);
        }
    }

    private static void sumsAny(Activation activation, long x, long dy, long stride, long factors, long sums, int from,
                                int channels) {
        for (int c = from; c < channels; c += LANES) {
            VectorMask<Float> mask = SPECIES.indexInRange(c, channels);
            FloatVector d = FloatVector.fromMemorySegment(SPECIES, ALL, x + 4L * c, Simd.LE, mask)
                    .sub(FloatVector.fromMemorySegment(SPECIES, ALL, factors + 4L * c, Simd.LE, mask));
            FloatVector z = d.fma(FloatVector.fromMemorySegment(SPECIES, ALL, factors + stride + 4L * c, Simd.LE, mask),
                    FloatVector.fromMemorySegment(SPECIES, ALL, factors + 2 * stride + 4L * c, Simd.LE, mask));
            FloatVector dz = FloatVector.fromMemorySegment(SPECIES, ALL, dy + 4L * c, Simd.LE, mask);
            FloatVector g = VectorDerivatives.chain(activation, z, dz);
            g.add(FloatVector.fromMemorySegment(SPECIES, ALL, sums + 4L * c, Simd.LE, mask))
                    .intoMemorySegment(ALL, sums + 4L * c, Simd.LE, mask);
            d.fma(g, FloatVector.fromMemorySegment(SPECIES, ALL, sums + stride + 4L * c, Simd.LE, mask))
                    .intoMemorySegment(ALL, sums + stride + 4L * c, Simd.LE, mask);
        }
    }

    private static void applyAny(Activation activation, long x, long dy, long dx, long stride, long factors, int from,
                                 int channels) {
        for (int c = from; c < channels; c += LANES) {
            VectorMask<Float> mask = SPECIES.indexInRange(c, channels);
            FloatVector d = FloatVector.fromMemorySegment(SPECIES, ALL, x + 4L * c, Simd.LE, mask)
                    .sub(FloatVector.fromMemorySegment(SPECIES, ALL, factors + 4L * c, Simd.LE, mask));
            FloatVector factor = FloatVector.fromMemorySegment(SPECIES, ALL, factors + stride + 4L * c, Simd.LE, mask);
            FloatVector z = d.fma(factor,
                    FloatVector.fromMemorySegment(SPECIES, ALL, factors + 2 * stride + 4L * c, Simd.LE, mask));
            FloatVector dz = FloatVector.fromMemorySegment(SPECIES, ALL, dy + 4L * c, Simd.LE, mask);
            FloatVector g = VectorDerivatives.chain(activation, z, dz);
            g = g.fma(factor,
                    FloatVector.fromMemorySegment(SPECIES, ALL, factors + 4 * stride + 4L * c, Simd.LE, mask));
            d.fma(FloatVector.fromMemorySegment(SPECIES, ALL, factors + 3 * stride + 4L * c, Simd.LE, mask), g)
                    .intoMemorySegment(ALL, dx + 4L * c, Simd.LE, mask);
        }
    }
}
