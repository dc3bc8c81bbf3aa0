package dev.cathode.kernels.cpu.vector;

import static dev.cathode.kernels.cpu.OffHeap.ALL;
import static dev.cathode.kernels.cpu.vector.Simd.LANES;
import static dev.cathode.kernels.cpu.vector.Simd.SPECIES;

import dev.cathode.kernels.cpu.Activation;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/// The loops of [ChannelGradient] over a few pixels `[rows, channels]`, small enough to stay in the cache from one loop
/// to the next. Factors of the channels start at `offset` in their arrays.
final class ChannelLoops {
    static {
        CompilerDirectives.install();
    }

    private ChannelLoops() { }

    /// `g = dy · activation'(z)`, `z = (x - center) · scale + shift`.
    static void gradient(Activation activation, long x, long dy, float[] center, float[] scale, float[] shift,
                         int offset, float[] g, int rows, int channels) {
        for (int row = 0; row < rows; row++) {
            long xr = x + 4L * row * channels;
            long dyr = dy + 4L * row * channels;
            int to = row * channels;
            int whole = activation == Activation.NONE ? 0 : channels - channels % LANES;
            switch (activation) {
                case NONE -> copy(dyr, g, to, channels);
                case RELU -> relu(xr, dyr, center, scale, shift, offset, g, to, whole);
                case SILU -> silu(xr, dyr, center, scale, shift, offset, g, to, whole);
                default -> any(activation, xr, dyr, center, scale, shift, offset, g, to, whole);
            }
            if (activation != Activation.NONE && whole < channels) {
                rest(activation, xr + 4L * whole, dyr + 4L * whole, center, scale, shift, offset + whole, g, to + whole,
                        SPECIES.indexInRange(whole, channels));
            }
        }
    }

    private static void copy(long dy, float[] g, int to, int count) {
        int c = 0;
        for (; c <= count - LANES; c += LANES) {
            FloatVector.fromMemorySegment(SPECIES, ALL, dy + 4L * c, Simd.LE).intoArray(g, to + c);
        }
        if (c < count) {
            VectorMask<Float> rest = SPECIES.indexInRange(c, count);
            FloatVector.fromMemorySegment(SPECIES, ALL, dy + 4L * c, Simd.LE, rest).intoArray(g, to + c, rest);
        }
    }

    private static void relu(long x, long dy, float[] center, float[] scale, float[] shift, int offset, float[] g,
                             int to, int count) {
        for (int c = 0; c < count; c += LANES) {
            FloatVector z = FloatVector.fromMemorySegment(SPECIES, ALL, x + 4L * c, Simd.LE)
                    .sub(FloatVector.fromArray(SPECIES, center, offset + c))
                    .fma(FloatVector.fromArray(SPECIES, scale, offset + c),
                            FloatVector.fromArray(SPECIES, shift, offset + c));
            FloatVector.fromMemorySegment(SPECIES, ALL, dy + 4L * c, Simd.LE)
                    .blend(0f, z.compare(VectorOperators.LE, 0f)).intoArray(g, to + c);
        }
    }

    private static void silu(long x, long dy, float[] center, float[] scale, float[] shift, int offset, float[] g,
                             int to, int count) {
        for (int c = 0; c < count; c += LANES) {
            FloatVector z = FloatVector.fromMemorySegment(SPECIES, ALL, x + 4L * c, Simd.LE)
                    .sub(FloatVector.fromArray(SPECIES, center, offset + c))
                    .fma(FloatVector.fromArray(SPECIES, scale, offset + c),
                            FloatVector.fromArray(SPECIES, shift, offset + c));
            VectorDerivatives.silu(z).mul(FloatVector.fromMemorySegment(SPECIES, ALL, dy + 4L * c, Simd.LE))
                    .intoArray(g, to + c);
        }
    }

    /// Of activations that seldom follow a normalisation.
    private static void any(Activation activation, long x, long dy, float[] center, float[] scale, float[] shift,
                            int offset, float[] g, int to, int count) {
        for (int c = 0; c < count; c += LANES) {
            FloatVector z = FloatVector.fromMemorySegment(SPECIES, ALL, x + 4L * c, Simd.LE)
                    .sub(FloatVector.fromArray(SPECIES, center, offset + c))
                    .fma(FloatVector.fromArray(SPECIES, scale, offset + c),
                            FloatVector.fromArray(SPECIES, shift, offset + c));
            FloatVector gradient = FloatVector.fromMemorySegment(SPECIES, ALL, dy + 4L * c, Simd.LE);
            VectorDerivatives.chain(activation, z, gradient).intoArray(g, to + c);
        }
    }

    private static void rest(Activation activation, long x, long dy, float[] center, float[] scale, float[] shift,
                             int offset, float[] g, int to, VectorMask<Float> rest) {
        FloatVector z = FloatVector.fromMemorySegment(SPECIES, ALL, x, Simd.LE, rest)
                .sub(FloatVector.fromArray(SPECIES, center, offset, rest))
                .fma(FloatVector.fromArray(SPECIES, scale, offset, rest),
                        FloatVector.fromArray(SPECIES, shift, offset, rest));
        FloatVector gradient = FloatVector.fromMemorySegment(SPECIES, ALL, dy, Simd.LE, rest);
        VectorDerivatives.chain(activation, z, gradient).intoArray(g, to, rest);
    }

    /// Adds the sum of g over the rows to `sums[c]`, and the sum of `g · (x - center)` to `sums[channels + c]`.
    static void sums(long x, float[] g, float[] center, int offset, float[] sums, int rows, int channels) {
        int c = 0;
        for (; c <= channels - 4 * LANES; c += 4 * LANES) {
            sums4(x + 4L * c, g, c, center, offset + c, sums, c, rows, channels);
        }
        for (; c <= channels - LANES; c += LANES) {
            sums1(x + 4L * c, g, c, center, offset + c, sums, c, rows, channels);
        }
        if (c < channels) {
            sums1(x + 4L * c, g, c, center, offset + c, sums, c, rows, channels, SPECIES.indexInRange(c, channels));
        }
    }

    private static void sums4(long x, float[] g, int from, float[] center, int offset, float[] sums, int to, int rows,
                              int channels) {
        FloatVector center0 = FloatVector.fromArray(SPECIES, center, offset);
        FloatVector center1 = FloatVector.fromArray(SPECIES, center, offset + LANES);
        FloatVector center2 = FloatVector.fromArray(SPECIES, center, offset + 2 * LANES);
        FloatVector center3 = FloatVector.fromArray(SPECIES, center, offset + 3 * LANES);
        FloatVector sum0 = FloatVector.zero(SPECIES);
        FloatVector sum1 = FloatVector.zero(SPECIES);
        FloatVector sum2 = FloatVector.zero(SPECIES);
        FloatVector sum3 = FloatVector.zero(SPECIES);
        FloatVector product0 = FloatVector.zero(SPECIES);
        FloatVector product1 = FloatVector.zero(SPECIES);
        FloatVector product2 = FloatVector.zero(SPECIES);
        FloatVector product3 = FloatVector.zero(SPECIES);
        for (int row = 0; row < rows; row++) {
            long xr = x + 4L * row * channels;
            int gr = from + row * channels;
            FloatVector g0 = FloatVector.fromArray(SPECIES, g, gr);
            FloatVector g1 = FloatVector.fromArray(SPECIES, g, gr + LANES);
            FloatVector g2 = FloatVector.fromArray(SPECIES, g, gr + 2 * LANES);
            FloatVector g3 = FloatVector.fromArray(SPECIES, g, gr + 3 * LANES);
            product0 = FloatVector.fromMemorySegment(SPECIES, ALL, xr, Simd.LE).sub(center0).fma(g0, product0);
            product1 = FloatVector.fromMemorySegment(SPECIES, ALL, xr + 4L * LANES, Simd.LE).sub(center1)
                    .fma(g1, product1);
            product2 = FloatVector.fromMemorySegment(SPECIES, ALL, xr + 8L * LANES, Simd.LE).sub(center2)
                    .fma(g2, product2);
            product3 = FloatVector.fromMemorySegment(SPECIES, ALL, xr + 12L * LANES, Simd.LE).sub(center3)
                    .fma(g3, product3);
            sum0 = g0.add(sum0);
            sum1 = g1.add(sum1);
            sum2 = g2.add(sum2);
            sum3 = g3.add(sum3);
        }
        int products = channels + to;
        FloatVector.fromArray(SPECIES, sums, to).add(sum0).intoArray(sums, to);
        FloatVector.fromArray(SPECIES, sums, to + LANES).add(sum1).intoArray(sums, to + LANES);
        FloatVector.fromArray(SPECIES, sums, to + 2 * LANES).add(sum2).intoArray(sums, to + 2 * LANES);
        FloatVector.fromArray(SPECIES, sums, to + 3 * LANES).add(sum3).intoArray(sums, to + 3 * LANES);
        FloatVector.fromArray(SPECIES, sums, products).add(product0).intoArray(sums, products);
        FloatVector.fromArray(SPECIES, sums, products + LANES).add(product1).intoArray(sums, products + LANES);
        FloatVector.fromArray(SPECIES, sums, products + 2 * LANES).add(product2).intoArray(sums, products + 2 * LANES);
        FloatVector.fromArray(SPECIES, sums, products + 3 * LANES).add(product3).intoArray(sums, products + 3 * LANES);
    }

    private static void sums1(long x, float[] g, int from, float[] center, int offset, float[] sums, int to, int rows,
                              int channels) {
        FloatVector middle = FloatVector.fromArray(SPECIES, center, offset);
        FloatVector sum = FloatVector.zero(SPECIES);
        FloatVector product = FloatVector.zero(SPECIES);
        for (int row = 0; row < rows; row++) {
            FloatVector gradient = FloatVector.fromArray(SPECIES, g, from + row * channels);
            product = FloatVector.fromMemorySegment(SPECIES, ALL, x + 4L * row * channels, Simd.LE).sub(middle)
                    .fma(gradient, product);
            sum = gradient.add(sum);
        }
        FloatVector.fromArray(SPECIES, sums, to).add(sum).intoArray(sums, to);
        FloatVector.fromArray(SPECIES, sums, channels + to).add(product).intoArray(sums, channels + to);
    }

    private static void sums1(long x, float[] g, int from, float[] center, int offset, float[] sums, int to, int rows,
                              int channels, VectorMask<Float> mask) {
        FloatVector middle = FloatVector.fromArray(SPECIES, center, offset, mask);
        FloatVector sum = FloatVector.zero(SPECIES);
        FloatVector product = FloatVector.zero(SPECIES);
        for (int row = 0; row < rows; row++) {
            FloatVector gradient = FloatVector.fromArray(SPECIES, g, from + row * channels, mask);
            product = FloatVector.fromMemorySegment(SPECIES, ALL, x + 4L * row * channels, Simd.LE, mask).sub(middle)
                    .fma(gradient, product);
            sum = gradient.add(sum);
        }
        FloatVector.fromArray(SPECIES, sums, to, mask).add(sum).intoArray(sums, to, mask);
        FloatVector.fromArray(SPECIES, sums, channels + to, mask).add(product).intoArray(sums, channels + to, mask);
    }

    /// `dx = g · scale + (x - center) · slope + constant`.
    static void combine(long x, float[] g, float[] center, float[] scale, float[] slope, float[] constant, int offset,
                        long dx, int rows, int channels) {
        for (int row = 0; row < rows; row++) {
            long xr = x + 4L * row * channels;
            long dxr = dx + 4L * row * channels;
            int gr = row * channels;
            int c = 0;
            for (; c <= channels - LANES; c += LANES) {
                FloatVector difference = FloatVector.fromMemorySegment(SPECIES, ALL, xr + 4L * c, Simd.LE)
                        .sub(FloatVector.fromArray(SPECIES, center, offset + c));
                FloatVector projection = difference.fma(FloatVector.fromArray(SPECIES, slope, offset + c),
                        FloatVector.fromArray(SPECIES, constant, offset + c));
                FloatVector.fromArray(SPECIES, g, gr + c)
                        .fma(FloatVector.fromArray(SPECIES, scale, offset + c), projection)
                        .intoMemorySegment(ALL, dxr + 4L * c, Simd.LE);
            }
            if (c < channels) {
                VectorMask<Float> rest = SPECIES.indexInRange(c, channels);
                FloatVector difference = FloatVector.fromMemorySegment(SPECIES, ALL, xr + 4L * c, Simd.LE, rest)
                        .sub(FloatVector.fromArray(SPECIES, center, offset + c, rest));
                FloatVector projection = difference.fma(FloatVector.fromArray(SPECIES, slope, offset + c, rest),
                        FloatVector.fromArray(SPECIES, constant, offset + c, rest));
                FloatVector.fromArray(SPECIES, g, gr + c, rest)
                        .fma(FloatVector.fromArray(SPECIES, scale, offset + c, rest), projection)
                        .intoMemorySegment(ALL, dxr + 4L * c, Simd.LE, rest);
            }
        }
    }
}
