package dev.cathode.kernels.cpu.x86;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.kernels.cpu.Activation;
import dev.cathode.kernels.cpu.Convolution;
import dev.cathode.kernels.cpu.ConvolutionAlgorithm;
import dev.cathode.kernels.cpu.ConvolutionShape;
import dev.cathode.kernels.cpu.CpuKernels;
import dev.cathode.kernels.cpu.Epilogue;
import dev.cathode.kernels.cpu.WeightStorage;
import dev.cathode.kernels.cpu.WeightView;
import dev.cathode.kernels.cpu.Workers;
import dev.cathode.kernels.cpu.vector.VectorKernels;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Convolutions and linear layers of rounded operands against float64, in machine code and on the Vector API.
class MixedConvolutionTest {
    private static final int[] SIZES = {1, 2, 3, 5, 13, 16, 31, 64, 67, 97, 130, 257};

    /// What multiplies.
    private enum Kernels {
        FASTEST, VECTOR,
        /// Machine code on a processor without bfloat16.
        WIDENED;

        CpuKernels open() {
            return switch (this) {
                case FASTEST -> CpuKernels.fastest();
                case VECTOR -> CpuKernels.vector();
                case WIDENED -> new VectorKernels(Machine.products(CpuKernels.vector().lanes() * Float.SIZE, false,
                        Arena.ofAuto()), new VectorKernels()::attention, "machine code", "for tests");
            };
        }
    }

    @ParameterizedTest
    @EnumSource
    void productsAreThoseOfRoundedNumbers(Kernels kernels) {
        Random random = new Random(21);
        for (int i = 0; i < 40; i++) {
            int in = SIZES[random.nextInt(SIZES.length)];
            int out = 2 * SIZES[random.nextInt(SIZES.length)];
            boolean linear = i % 2 == 0;
            ConvolutionShape shape = linear
                    ? ConvolutionShape.linear(SIZES[random.nextInt(SIZES.length)], in, out)
                    : convolution(random, Math.min(in, 67), Math.min(out, 64));
            boolean gated = linear && random.nextBoolean();
            Epilogue epilogue = new Epilogue(true, random.nextBoolean(),
                    gated || random.nextBoolean() ? Activation.NONE : Activation.SILU, gated, random.nextBoolean());
            check(kernels.open(), new Case(shape, epilogue, random.nextLong()));
        }
    }

    private static ConvolutionShape convolution(Random random, int in, int out) {
        int height = 1 + random.nextInt(12);
        int width = 1 + random.nextInt(12);
        int kernel = random.nextBoolean() ? 3 : 1;
        int stride = 1 + random.nextInt(2);
        int resize = 1 + random.nextInt(2);
        int[] pads = random.ints(4, 0, kernel).toArray();
        pads[0] = Math.max(pads[0], kernel - height * resize);
        pads[1] = Math.max(pads[1], kernel - width * resize);
        return new ConvolutionShape(1 + random.nextInt(2), height, width, in, out, kernel, kernel, stride, stride,
                pads[0], pads[1], pads[2], pads[3], height * resize, width * resize);
    }

    /// Depths that are cut, by channels and by filter rows; images larger than a block, and smaller.
    @ParameterizedTest
    @EnumSource(names = {"FASTEST", "VECTOR"})
    void depthsMayBeCut(Kernels kind) {
        CpuKernels kernels = kind.open();
        check(kernels, new Case(ConvolutionShape.linear(25, 2701, 130), Epilogue.BIAS, 1));
        check(kernels, new Case(new ConvolutionShape(2, 3, 5, 701, 70, 3, 3, 1, 1, 1, 1, 1, 1, 3, 5),
                Epilogue.BIAS, 2));
        check(kernels, new Case(new ConvolutionShape(1, 4, 5, 449, 30, 3, 3, 1, 1, 1, 1, 1, 1, 4, 5),
                Epilogue.BIAS, 6));
        check(kernels, new Case(new ConvolutionShape(1, 3, 211, 151, 20, 3, 3, 1, 1, 1, 1, 1, 1, 3, 211),
                Epilogue.BIAS, 3));
        check(kernels, new Case(new ConvolutionShape(1, 16, 14, 3, 20, 7, 7, 2, 2, 3, 3, 3, 3, 8, 7),
                Epilogue.BIAS, 4));
    }

    private static void check(CpuKernels kernels, Case c) {
        float[] one = c.run(kernels, 1);
        assertArrayEquals(one, c.run(kernels, 2), c + " on 2 threads");
        c.check(one);
    }

    @ParameterizedTest
    @EnumSource
    void whatIsNotFiniteStays(Kernels kernels) {
        Case c = new Case(ConvolutionShape.linear(5, 70, 33), Epilogue.BIAS, 5);
        c.input[0] = Float.NaN;
        c.input[70 + Case.GAP] = Float.POSITIVE_INFINITY;
        c.input[2 * (70 + Case.GAP)] = 3.4e38f; // rounds to infinity
        Arrays.fill(c.weights, 1f);
        float[] y = c.run(kernels.open(), 1);
        for (int o = 0; o < 33; o++) {
            assertTrue(Float.isNaN(y[o]));
            assertEquals(Float.POSITIVE_INFINITY, y[33 + o]);
            assertEquals(Float.POSITIVE_INFINITY, y[2 * 33 + o]);
            assertTrue(Float.isFinite(y[3 * 33 + o]));
        }
    }

    /// Weights are packed in half the space of floats, or transformed in half precision, and planned by their cost.
    @Test
    void weightsTakeSixteenBits() {
        CpuKernels kernels = CpuKernels.fastest();
        ConvolutionShape linear = ConvolutionShape.linear(64, 640, 1280);
        assertEquals(2L * 640 * 1280,
                kernels.mixedConvolution(linear, Epilogue.BIAS, ConvolutionAlgorithm.AUTO).packedBytes());
        ConvolutionShape image = new ConvolutionShape(2, 64, 64, 320, 320, 3, 3, 1, 1, 1, 1, 1, 1, 64, 64);
        Convolution large = kernels.mixedConvolution(image, Epilogue.BIAS, ConvolutionAlgorithm.AUTO);
        assertEquals(ConvolutionAlgorithm.WINOGRAD_4, large.algorithm());
        assertEquals(2L * 36 * 320 * 320, large.packedBytes());
        assertEquals(2L * 9 * 320 * 320,
                kernels.mixedConvolution(image, Epilogue.BIAS, ConvolutionAlgorithm.DIRECT).packedBytes());
    }

    /// A layer and its numbers; rows of input and output have gaps between them.
    private static final class Case {
        private static final int GAP = 3;

        private final ConvolutionShape shape;
        private final Epilogue epilogue;
        private final int stored;
        private final float[] input;
        private final float[] weights;
        private final float[] bias;
        private final float[] sampleBias;
        private final float[] residual;

        Case(ConvolutionShape shape, Epilogue epilogue, long seed) {
            this.shape = shape;
            this.epilogue = epilogue;
            stored = epilogue.gated() ? shape.outChannels() / 2 : shape.outChannels();
            Random random = new Random(seed);
            int pixels = shape.batch() * shape.height() * shape.width();
            input = normal(random, pixels * (shape.inChannels() + GAP) - GAP);
            weights = normal(random, shape.outChannels() * depth());
            bias = normal(random, shape.outChannels());
            sampleBias = normal(random, shape.batch() * shape.outChannels());
            residual = normal(random, shape.rows() * stored);
        }

        private int depth() {
            return shape.kernelHeight() * shape.kernelWidth() * shape.inChannels();
        }

        private static float[] normal(Random random, int count) {
            float[] numbers = new float[count];
            for (int i = 0; i < count; i++) {
                numbers[i] = (float) random.nextGaussian();
            }
            return numbers;
        }

        float[] run(CpuKernels kernels, int threads) {
            Convolution convolution = kernels.mixedConvolution(shape, epilogue, ConvolutionAlgorithm.DIRECT);
            try (GuardPages memory = new GuardPages(); Workers workers = new Workers(threads)) {
                MemorySegment packed = memory.aligned(convolution.packedBytes());
                MemorySegment output = memory.buffer(4L * shape.rows() * stored);
                convolution.pack(WeightView.torch(memory.of(weights).address(), WeightStorage.F32, shape.inChannels(),
                        shape.kernelHeight(), shape.kernelWidth()), packed.address(), workers);
                convolution.run(new Convolution.Arguments(memory.of(input).address(), shape.inChannels() + GAP,
                        packed.address(), memory.of(bias).address(), memory.of(sampleBias).address(),
                        epilogue.residual() ? memory.of(residual).address() : 0, stored, output.address(), stored,
                        memory.aligned(convolution.workspaceBytes(threads)).address()), workers);
                return output.toArray(JAVA_FLOAT);
            }
        }

        /// Against sums in float64: each float32 sum is off by at most half an ulp of its magnitude a term, and
        /// activations pass errors on at most 1.2-fold; a gate multiplies them.
        void check(float[] actual) {
            double unit = Math.ulp(1f) / 2 * (depth() + 8);
            for (int row = 0; row < shape.rows(); row++) {
                for (int o = 0; o < stored; o++) {
                    double[] y = sum(row, o);
                    double expected = y[0];
                    double error = unit * y[1];
                    if (epilogue.gated()) {
                        double[] gate = sum(row, stored + o);
                        double g = gelu(gate[0]);
                        expected = y[0] * g;
                        error = error * Math.abs(g) + 1.2 * unit * gate[1] * Math.abs(y[0]) + 1e-6 * Math.abs(expected);
                    } else if (epilogue.activation() == Activation.SILU) {
                        expected = y[0] / (1 + Math.exp(-y[0]));
                        error = 1.2 * error + 1e-6 * Math.abs(expected);
                    }
                    if (epilogue.residual()) {
                        expected += residual[row * stored + o];
                    }
                    assertEquals(expected, actual[row * stored + o], error + 1e-6 * Math.abs(expected) + 1e-7,
                            this + ": row " + row + ", column " + o);
                }
            }
        }

        private static double gelu(double x) {
            // the error function by its integral, in steps that are exact enough here
            int steps = 2000;
            double end = x / Math.sqrt(2);
            double area = 0;
            for (int i = 0; i <= steps; i++) {
                double t = end * i / steps;
                area += Math.exp(-t * t) * (i == 0 || i == steps ? 1 : i % 2 == 1 ? 4 : 2);
            }
            return x * (1 + 2 / Math.sqrt(Math.PI) * area * end / (3 * steps)) / 2;
        }

        /// The sum with its biases, and the sum of the magnitudes of its terms.
        private double[] sum(int row, int o) {
            int outPixels = shape.outHeight() * shape.outWidth();
            int image = row / outPixels;
            double sum = bias[o] + (epilogue.sampleBias() ? sampleBias[image * shape.outChannels() + o] : 0);
            double magnitude = Math.abs(sum);
            for (int ky = 0; ky < shape.kernelHeight(); ky++) {
                for (int kx = 0; kx < shape.kernelWidth(); kx++) {
                    int y = row % outPixels / shape.outWidth() * shape.strideHeight() + ky - shape.padTop();
                    int x = row % shape.outWidth() * shape.strideWidth() + kx - shape.padLeft();
                    if (y < 0 || x < 0 || y >= shape.resizedHeight() || x >= shape.resizedWidth()) {
                        continue;
                    }
                    int from = ((image * shape.height() + y * shape.height() / shape.resizedHeight()) * shape.width()
                            + x * shape.width() / shape.resizedWidth()) * (shape.inChannels() + GAP);
                    for (int i = 0; i < shape.inChannels(); i++) {
                        int w = ((o * shape.inChannels() + i) * shape.kernelHeight() + ky) * shape.kernelWidth() + kx;
                        double term = (double) RoundedNumbers.rounded(input[from + i])
                                * RoundedNumbers.rounded(weights[w]);
                        sum += term;
                        magnitude += Math.abs(term);
                    }
                }
            }
            return new double[] {sum, magnitude};
        }

        @Override
        public String toString() {
            return shape + " " + epilogue;
        }
    }
}
