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
/// that seldom follow a normalisation go another way. Factors start at `offset` in their arrays.
///
/// Everywhere `g = dy · activation'(z)`, `z = (x - center) · scale + shift`.
final class ChannelLoops {
    static {
        CompilerDirectives.install();
    }

    private ChannelLoops() { }

    /// Adds the sum of g over the rows to `sums[c]`, and the sum of `g · (x - center)` to `sums[channels + c]`.
    static void sums(Activation activation, long x, long dy, float[] center, float[] scale, float[] shift, int offset,
                     float[] sums, int rows, int channels) {
        long stride = 4L * channels;
        int whole = channels - channels % LANES;
        int fast = fast(activation, rows);
        for (int row = 0; row < rows; row++) {
            long xr = x + row * stride;
            long dyr = dy + row * stride;
            if (row < fast) {
                switch (activation) {
                    case SILU -> sumsSilu(xr, dyr, center, scale, shift, offset, sums, channels, whole);
                    case RELU -> {
                        if (row % 2 == 0) {
                            sumsRelu(xr, dyr, stride, center, scale, shift, offset, sums, channels, whole);
                        }
                    }
                    default -> {
                        if (row % 2 == 0) {
                            sumsNone(xr, dyr, stride, center, offset, sums, channels, whole);
                        }
                    }
                }
            }
            int from = row < fast ? whole : 0;
            if (from < channels) {
                sumsAny(activation, xr, dyr, center, scale, shift, offset, sums, from, channels);
            }
        }
    }

    /// `dx = g · scale + (x - center) · slope + constant`.
    static void apply(Activation activation, long x, long dy, float[] center, float[] scale, float[] shift,
                      float[] slope, float[] constant, int offset, long dx, int rows, int channels) {
        long stride = 4L * channels;
        int whole = channels - channels % LANES;
        int fast = fast(activation, rows);
        for (int row = 0; row < rows; row++) {
            long xr = x + row * stride;
            long dyr = dy + row * stride;
            long dxr = dx + row * stride;
            if (row < fast) {
                switch (activation) {
                    case SILU -> applySilu(xr, dyr, dxr, center, scale, shift, slope, constant, offset, whole);
                    case RELU -> {
                        if (row % 2 == 0) {
                            applyRelu(xr, dyr, dxr, stride, center, scale, shift, slope, constant, offset, whole);
                        }
                    }
                    default -> {
                        if (row % 2 == 0) {
                            applyNone(xr, dyr, dxr, stride, center, scale, slope, constant, offset, whole);
                        }
                    }
                }
            }
            int from = row < fast ? whole : 0;
            if (from < channels) {
                applyAny(activation, xr, dyr, dxr, center, scale, shift, slope, constant, offset, from, channels);
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

    private static void sumsNone(long x, long dy, long stride, float[] center, int offset, float[] sums, int channels,
                                 int whole) {
        for (int c = 0; c < whole; c += LANES) {
            FloatVector middle = FloatVector.fromArray(SPECIES, center, offset + c);
            FloatVector d0 = FloatVector.fromMemorySegment(SPECIES, ALL, x + 4L * c, Simd.LE).sub(middle);
            FloatVector g0 = FloatVector.fromMemorySegment(SPECIES, ALL, dy + 4L * c, Simd.LE);
            FloatVector d1 = FloatVector.fromMemorySegment(SPECIES, ALL, x + stride + 4L * c, Simd.LE).sub(middle);
            FloatVector g1 = FloatVector.fromMemorySegment(SPECIES, ALL, dy + stride + 4L * c, Simd.LE);
            g0.add(g1).add(FloatVector.fromArray(SPECIES, sums, c)).intoArray(sums, c);
            d0.fma(g0, d1.mul(g1)).add(FloatVector.fromArray(SPECIES, sums, channels + c))
                    .intoArray(sums, channels + c);
        }
    }

    private static void applyNone(long x, long dy, long dx, long stride, float[] center, float[] scale, float[] slope,
                                  float[] constant, int offset, int whole) {
        for (int c = 0; c < whole; c += LANES) {
            FloatVector middle = FloatVector.fromArray(SPECIES, center, offset + c);
            FloatVector factor = FloatVector.fromArray(SPECIES, scale, offset + c);
            FloatVector d0 = FloatVector.fromMemorySegment(SPECIES, ALL, x + 4L * c, Simd.LE).sub(middle);
            FloatVector g0 = FloatVector.fromMemorySegment(SPECIES, ALL, dy + 4L * c, Simd.LE);
            FloatVector d1 = FloatVector.fromMemorySegment(SPECIES, ALL, x + stride + 4L * c, Simd.LE).sub(middle);
            FloatVector g1 = FloatVector.fromMemorySegment(SPECIES, ALL, dy + stride + 4L * c, Simd.LE);
            FloatVector a = FloatVector.fromArray(SPECIES, slope, offset + c);
            FloatVector b = FloatVector.fromArray(SPECIES, constant, offset + c);
            d0.fma(a, g0.fma(factor, b)).intoMemorySegment(ALL, dx + 4L * c, Simd.LE);
            d1.fma(a, g1.fma(factor, b)).intoMemorySegment(ALL, dx + stride + 4L * c, Simd.LE);
        }
    }

    private static void sumsRelu(long x, long dy, long stride, float[] center, float[] scale, float[] shift, int offset,
                                 float[] sums, int channels, int whole) {
        for (int c = 0; c < whole; c += LANES) {
            FloatVector middle = FloatVector.fromArray(SPECIES, center, offset + c);
            FloatVector factor = FloatVector.fromArray(SPECIES, scale, offset + c);
            FloatVector summand = FloatVector.fromArray(SPECIES, shift, offset + c);
            FloatVector d0 = FloatVector.fromMemorySegment(SPECIES, ALL, x + 4L * c, Simd.LE).sub(middle);
            FloatVector g0 = FloatVector.fromMemorySegment(SPECIES, ALL, dy + 4L * c, Simd.LE)
                    .blend(0f, d0.fma(factor, summand).compare(VectorOperators.LE, 0f));
            FloatVector d1 = FloatVector.fromMemorySegment(SPECIES, ALL, x + stride + 4L * c, Simd.LE).sub(middle);
            FloatVector g1 = FloatVector.fromMemorySegment(SPECIES, ALL, dy + stride + 4L * c, Simd.LE)
                    .blend(0f, d1.fma(factor, summand).compare(VectorOperators.LE, 0f));
            g0.add(g1).add(FloatVector.fromArray(SPECIES, sums, c)).intoArray(sums, c);
            d0.fma(g0, d1.mul(g1)).add(FloatVector.fromArray(SPECIES, sums, channels + c))
                    .intoArray(sums, channels + c);
        }
    }

    private static void applyRelu(long x, long dy, long dx, long stride, float[] center, float[] scale, float[] shift,
                                  float[] slope, float[] constant, int offset, int whole) {
        for (int c = 0; c < whole; c += LANES) {
            FloatVector middle = FloatVector.fromArray(SPECIES, center, offset + c);
            FloatVector factor = FloatVector.fromArray(SPECIES, scale, offset + c);
            FloatVector summand = FloatVector.fromArray(SPECIES, shift, offset + c);
            FloatVector d0 = FloatVector.fromMemorySegment(SPECIES, ALL, x + 4L * c, Simd.LE).sub(middle);
            FloatVector g0 = FloatVector.fromMemorySegment(SPECIES, ALL, dy + 4L * c, Simd.LE)
                    .blend(0f, d0.fma(factor, summand).compare(VectorOperators.LE, 0f));
            FloatVector d1 = FloatVector.fromMemorySegment(SPECIES, ALL, x + stride + 4L * c, Simd.LE).sub(middle);
            FloatVector g1 = FloatVector.fromMemorySegment(SPECIES, ALL, dy + stride + 4L * c, Simd.LE)
                    .blend(0f, d1.fma(factor, summand).compare(VectorOperators.LE, 0f));
            FloatVector a = FloatVector.fromArray(SPECIES, slope, offset + c);
            FloatVector b = FloatVector.fromArray(SPECIES, constant, offset + c);
            d0.fma(a, g0.fma(factor, b)).intoMemorySegment(ALL, dx + 4L * c, Simd.LE);
            d1.fma(a, g1.fma(factor, b)).intoMemorySegment(ALL, dx + stride + 4L * c, Simd.LE);
        }
    }

    private static void sumsSilu(long x, long dy, float[] center, float[] scale, float[] shift, int offset,
                                 float[] sums, int channels, int whole) {
        for (int c = 0; c < whole; c += LANES) {
            FloatVector d = FloatVector.fromMemorySegment(SPECIES, ALL, x + 4L * c, Simd.LE)
                    .sub(FloatVector.fromArray(SPECIES, center, offset + c));
            FloatVector z = d.fma(FloatVector.fromArray(SPECIES, scale, offset + c),
                    FloatVector.fromArray(SPECIES, shift, offset + c));
            FloatVector g = VectorDerivatives.silu(z)
                    .mul(FloatVector.fromMemorySegment(SPECIES, ALL, dy + 4L * c, Simd.LE));
            g.add(FloatVector.fromArray(SPECIES, sums, c)).intoArray(sums, c);
            d.fma(g, FloatVector.fromArray(SPECIES, sums, channels + c)).intoArray(sums, channels + c);
        }
    }

    private static void applySilu(long x, long dy, long dx, float[] center, float[] scale, float[] shift, float[] slope,
                                  float[] constant, int offset, int whole) {
        for (int c = 0; c < whole; c += LANES) {
            FloatVector d = FloatVector.fromMemorySegment(SPECIES, ALL, x + 4L * c, Simd.LE)
                    .sub(FloatVector.fromArray(SPECIES, center, offset + c));
            FloatVector factor = FloatVector.fromArray(SPECIES, scale, offset + c);
            FloatVector g = VectorDerivatives.silu(d.fma(factor, FloatVector.fromArray(SPECIES, shift, offset + c)))
                    .mul(FloatVector.fromMemorySegment(SPECIES, ALL, dy + 4L * c, Simd.LE));
            g = g.fma(factor, FloatVector.fromArray(SPECIES, constant, offset + c));
            d.fma(FloatVector.fromArray(SPECIES, slope, offset + c), g).intoMemorySegment(ALL, dx + 4L * c, Simd.LE);
        }
    }

    private static void sumsAny(Activation activation, long x, long dy, float[] center, float[] scale, float[] shift,
                                int offset, float[] sums, int from, int channels) {
        for (int c = from; c < channels; c += LANES) {
            VectorMask<Float> mask = SPECIES.indexInRange(c, channels);
            FloatVector d = FloatVector.fromMemorySegment(SPECIES, ALL, x + 4L * c, Simd.LE, mask)
                    .sub(FloatVector.fromArray(SPECIES, center, offset + c, mask));
            FloatVector z = d.fma(FloatVector.fromArray(SPECIES, scale, offset + c, mask),
                    FloatVector.fromArray(SPECIES, shift, offset + c, mask));
            FloatVector dz = FloatVector.fromMemorySegment(SPECIES, ALL, dy + 4L * c, Simd.LE, mask);
            FloatVector g = VectorDerivatives.chain(activation, z, dz);
            g.add(FloatVector.fromArray(SPECIES, sums, c, mask)).intoArray(sums, c, mask);
            d.fma(g, FloatVector.fromArray(SPECIES, sums, channels + c, mask)).intoArray(sums, channels + c, mask);
        }
    }

    private static void applyAny(Activation activation, long x, long dy, long dx, float[] center, float[] scale,
                                 float[] shift, float[] slope, float[] constant, int offset, int from, int channels) {
        for (int c = from; c < channels; c += LANES) {
            VectorMask<Float> mask = SPECIES.indexInRange(c, channels);
            FloatVector d = FloatVector.fromMemorySegment(SPECIES, ALL, x + 4L * c, Simd.LE, mask)
                    .sub(FloatVector.fromArray(SPECIES, center, offset + c, mask));
            FloatVector factor = FloatVector.fromArray(SPECIES, scale, offset + c, mask);
            FloatVector z = d.fma(factor, FloatVector.fromArray(SPECIES, shift, offset + c, mask));
            FloatVector dz = FloatVector.fromMemorySegment(SPECIES, ALL, dy + 4L * c, Simd.LE, mask);
            FloatVector g = VectorDerivatives.chain(activation, z, dz);
            g = g.fma(factor, FloatVector.fromArray(SPECIES, constant, offset + c, mask));
            d.fma(FloatVector.fromArray(SPECIES, slope, offset + c, mask), g)
                    .intoMemorySegment(ALL, dx + 4L * c, Simd.LE, mask);
        }
    }
}
