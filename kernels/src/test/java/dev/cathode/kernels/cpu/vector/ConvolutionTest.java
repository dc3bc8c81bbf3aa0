package dev.cathode.kernels.cpu.vector;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.kernels.cpu.Activation;
import dev.cathode.kernels.cpu.Convolution;
import dev.cathode.kernels.cpu.ConvolutionAlgorithm;
import dev.cathode.kernels.cpu.ConvolutionShape;
import dev.cathode.kernels.cpu.Epilogue;
import dev.cathode.kernels.cpu.WeightStorage;
import dev.cathode.kernels.cpu.WeightView;
import dev.cathode.kernels.cpu.Workers;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/// Every algorithm against sums in float64.
class ConvolutionTest {
    private static final List<ConvolutionAlgorithm> ALGORITHMS = List.of(ConvolutionAlgorithm.DIRECT,
            ConvolutionAlgorithm.WINOGRAD_2, ConvolutionAlgorithm.WINOGRAD_4);
    private static final Epilogue ALL = new Epilogue(true, true, Activation.SILU, false, true);

    /// Geometry with everything odd that a convolution can have.
    static List<ConvolutionShape> shapes() {
        return List.of(
                ConvolutionShape.linear(1, 1, 1),
                ConvolutionShape.linear(13, 37, 4),
                ConvolutionShape.linear(29, 401, 67),
                ConvolutionShape.linear(200, 40, 130),
                square(1, 5, 7, 3, 19, 1, 1, 0),
                square(2, 9, 7, 5, 6, 3, 1, 1),
                square(2, 6, 5, 33, 17, 3, 1, 1),
                square(1, 8, 8, 129, 64, 3, 1, 1),
                square(3, 4, 4, 20, 3, 3, 1, 1),
                square(1, 8, 7, 17, 5, 3, 1, 0),
                square(2, 8, 9, 4, 3, 3, 2, 1),
                square(1, 9, 8, 3, 4, 5, 1, 2),
                square(1, 17, 15, 3, 4, 7, 2, 3),
                square(2, 16, 24, 3, 5, 8, 8, 0),
                new ConvolutionShape(2, 8, 10, 4, 5, 3, 3, 2, 2, 0, 0, 1, 1, 8, 10),
                new ConvolutionShape(1, 6, 9, 18, 4, 1, 7, 1, 1, 0, 3, 0, 3, 6, 9),
                new ConvolutionShape(1, 9, 6, 18, 4, 7, 1, 1, 1, 3, 0, 3, 0, 9, 6),
                new ConvolutionShape(2, 4, 5, 21, 23, 3, 3, 1, 1, 1, 1, 1, 1, 8, 10),
                new ConvolutionShape(1, 4, 5, 16, 70, 3, 3, 1, 1, 1, 1, 1, 1, 7, 11),
                new ConvolutionShape(1, 6, 6, 19, 8, 3, 3, 1, 1, 2, 0, 1, 3, 6, 6));
    }

    private static ConvolutionShape square(int batch, int height, int width, int in, int out, int kernel, int stride,
                                           int pad) {
        return new ConvolutionShape(batch, height, width, in, out, kernel, kernel, stride, stride, pad, pad, pad, pad,
                height, width);
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void everyAlgorithmAndStorage(ConvolutionShape shape) {
        for (ConvolutionAlgorithm algorithm : ALGORITHMS) {
            for (WeightStorage storage : WeightStorage.values()) {
                if (storage == WeightStorage.F32) {
                    check(shape, Epilogue.NONE, algorithm, storage, 1);
                }
                check(shape, ALL, algorithm, storage, 2);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(value = Activation.class, mode = EnumSource.Mode.EXCLUDE, names = "EXP") // multiplies errors by itself
    void everyEpilogue(Activation activation) {
        for (ConvolutionAlgorithm algorithm : ALGORITHMS) {
            for (int bits = 0; bits < 8; bits++) {
                Epilogue epilogue = new Epilogue((bits & 1) != 0, (bits & 2) != 0, activation, false, (bits & 4) != 0);
                check(square(2, 5, 6, 17, 86, 3, 1, 1), epilogue, algorithm, WeightStorage.F32, 2);
                if (algorithm == ConvolutionAlgorithm.DIRECT) {
                    check(ConvolutionShape.linear(7, 9, 70), epilogue, algorithm, WeightStorage.F32, 2);
                }
            }
        }
    }

    @Test
    void gated() {
        for (WeightStorage storage : WeightStorage.values()) {
            for (int columns : new int[] {2, 38, 128, 260}) {
                for (boolean residual : new boolean[] {false, true}) {
                    Epilogue epilogue = new Epilogue(true, false, Activation.NONE, true, residual);
                    check(ConvolutionShape.linear(31, 48, columns), epilogue, ConvolutionAlgorithm.DIRECT, storage, 2);
                    if (storage == WeightStorage.F32) { // the product of two sums doubles what rounding the filter does
                        check(square(1, 5, 5, 16, columns, 3, 1, 1), epilogue, ConvolutionAlgorithm.WINOGRAD_4, storage,
                                2);
                    }
                }
            }
        }
    }

    @Test
    void wishesThatDoNotFitBecomeDirect() {
        for (ConvolutionShape shape : shapes()) {
            boolean fits = shape.kernelHeight() == 3 && shape.kernelWidth() == 3 && shape.strideHeight() == 1
                    && shape.inChannels() >= Simd.LANES;
            assertEquals(fits ? ConvolutionAlgorithm.WINOGRAD_4 : ConvolutionAlgorithm.DIRECT,
                    ConvolutionPlanner.prepare(shape, Epilogue.NONE, ConvolutionAlgorithm.WINOGRAD_4,
                            WeightStorage.F32, new VectorProducts()).algorithm());
            assertTrue(ConvolutionPlanner.prepare(shape, Epilogue.NONE, ConvolutionAlgorithm.AUTO, WeightStorage.F32,
                            new VectorProducts())
                    .algorithm() != ConvolutionAlgorithm.AUTO);
        }
    }

    @Test
    void sameBytesForEveryThreadCount() {
        for (ConvolutionAlgorithm algorithm : ALGORITHMS) {
            for (ConvolutionShape shape : List.of(square(2, 13, 11, 40, 150, 3, 1, 1),
                    ConvolutionShape.linear(154, 96, 200))) {
                Case one = new Case(shape, ALL, algorithm, WeightStorage.F32);
                float[] expected = one.run(1);
                assertArrayEquals(expected, one.run(2), shape + " on 2 threads");
                assertArrayEquals(expected, one.run(3), shape + " on 3 threads");
            }
        }
    }

    @Test
    void sameBytesForEveryBatch() {
        for (ConvolutionAlgorithm algorithm : ALGORITHMS) {
            Case one = new Case(square(1, 7, 9, 24, 70, 3, 1, 1), ALL, algorithm, WeightStorage.F32);
            Case five = new Case(square(5, 7, 9, 24, 70, 3, 1, 1), ALL, algorithm, WeightStorage.F32);
            float[] single = one.run(1);
            for (int image = 0; image < 5; image++) { // every image is the first image here
                System.arraycopy(one.input, 0, five.input, image * one.input.length, one.input.length);
                System.arraycopy(one.sampleBias, 0, five.sampleBias, image * 70, 70);
                System.arraycopy(one.residual, 0, five.residual, image * one.residual.length, one.residual.length);
            }
            float[] all = new Case(five, one.filter, one.bias).run(2);
            for (int image = 0; image < 5; image++) {
                assertArrayEquals(single, Arrays.copyOfRange(all, image * single.length, (image + 1) * single.length),
                        algorithm + ", image " + image);
            }
        }
    }

    @Test
    void readsFiltersOfEveryTypeAndLayout() {
        ConvolutionShape shape = square(1, 6, 6, 21, 20, 3, 1, 1);
        for (ConvolutionAlgorithm algorithm : ALGORITHMS) {
            for (WeightStorage source : WeightStorage.values()) {
                Case c = new Case(shape, Epilogue.NONE, algorithm, WeightStorage.F32);
                for (int i = 0; i < c.filter.length; i++) {
                    c.filter[i] = rounded(source, c.filter[i]);
                }
                float[] expected = c.run(1);
                c.source = source;
                assertArrayEquals(expected, c.run(1), source + " for " + algorithm);
                c.channelsLast = true;
                assertArrayEquals(expected, c.run(2), source + " channels last for " + algorithm);
            }
        }
    }

    private static void check(ConvolutionShape shape, Epilogue epilogue, ConvolutionAlgorithm algorithm,
                              WeightStorage storage, int threads) {
        Case c = new Case(shape, epilogue, algorithm, storage);
        c.compare(c.run(threads));
    }

    private static float rounded(WeightStorage storage, float x) {
        return switch (storage) {
            case F32 -> x;
            case F16 -> Float.float16ToFloat(Float.floatToFloat16(x));
            case BF16 -> Float.intBitsToFloat((Float.floatToRawIntBits(x) + 0x7fff
                    + (Float.floatToRawIntBits(x) >>> 16 & 1)) & 0xffff0000);
        };
    }

    /// One convolution with its numbers.
    private static final class Case {
        private final ConvolutionShape shape;
        private final Epilogue epilogue;
        private final WeightStorage storage;
        private final Convolution convolution;
        private final float[] input;
        private final float[] filter; // [O, I, KH, KW]
        private final float[] bias;
        private final float[] sampleBias;
        private final float[] residual;
        private final int stored;
        private WeightStorage source = WeightStorage.F32;
        private boolean channelsLast;

        Case(ConvolutionShape shape, Epilogue epilogue, ConvolutionAlgorithm algorithm, WeightStorage storage) {
            this.shape = shape;
            this.epilogue = epilogue;
            this.storage = storage;
            convolution = ConvolutionPlanner.prepare(shape, epilogue, algorithm, storage, new VectorProducts());
            stored = epilogue.gated() ? shape.outChannels() / 2 : shape.outChannels();
            Random random = new Random(17);
            int taps = shape.kernelHeight() * shape.kernelWidth();
            filter = random(random, shape.outChannels() * taps * shape.inChannels(),
                    1 / Math.sqrt(taps * shape.inChannels()));
            bias = random(random, shape.outChannels(), 1);
            input = random(random, shape.batch() * shape.height() * shape.width() * shape.inChannels(), 1);
            sampleBias = random(random, shape.batch() * shape.outChannels(), 1);
            residual = random(random, shape.rows() * stored, 1);
        }

        Case(Case other, float[] filter, float[] bias) {
            this.shape = other.shape;
            this.epilogue = other.epilogue;
            this.storage = other.storage;
            this.convolution = other.convolution;
            this.input = other.input;
            this.filter = filter;
            this.bias = bias;
            this.sampleBias = other.sampleBias;
            this.residual = other.residual;
            this.stored = other.stored;
        }

        private static float[] random(Random random, int count, double scale) {
            float[] x = new float[count];
            for (int i = 0; i < count; i++) {
                x[i] = (float) (random.nextGaussian() * scale);
            }
            return x;
        }

        /// Runs with strides wider than the rows; what lies between the rows must not be read or written.
        float[] run(int threads) {
            try (Guarded memory = new Guarded(); Workers workers = new Workers(threads)) {
                int inputStride = shape.inChannels() + 3;
                int outputStride = stored + 5;
                MemorySegment x = strided(memory, input, shape.inChannels(), inputStride);
                MemorySegment y = memory.poisoned(((long) (shape.rows() - 1) * outputStride + stored) * 4);
                MemorySegment packed = memory.poisoned(convolution.packedBytes());
                convolution.pack(view(memory), packed.address(), workers);
                MemorySegment workspace = memory.poisoned(convolution.workspaceBytes(threads));
                int residualStride = stored + 2;
                long residualAddress = strided(memory, residual, stored, residualStride).address();
                convolution.run(new Convolution.Arguments(x.address(), inputStride, packed.address(),
                        epilogue.bias() ? memory.of(bias).address() : 0,
                        epilogue.sampleBias() ? memory.of(sampleBias).address() : 0,
                        epilogue.residual() ? residualAddress : 0, residualStride, y.address(), outputStride,
                        workspace.address()), workers);
                memory.check(shape + " " + epilogue + " " + convolution.algorithm() + " " + storage);
                float[] result = new float[shape.rows() * stored];
                for (int i = 0; i < shape.rows(); i++) {
                    for (int o = 0; o < outputStride && (i < shape.rows() - 1 || o < stored); o++) {
                        float value = y.getAtIndex(JAVA_FLOAT, (long) i * outputStride + o);
                        if (o < stored) {
                            result[i * stored + o] = value;
                        } else {
                            assertTrue(Guarded.isUntouched(value), "wrote between the rows of " + shape);
                        }
                    }
                }
                return result;
            }
        }

        private static MemorySegment strided(Guarded memory, float[] x, int columns, int stride) {
            int rows = x.length / columns;
            MemorySegment buffer = memory.poisoned(((long) (rows - 1) * stride + columns) * 4);
            for (int i = 0; i < rows; i++) {
                MemorySegment.copy(x, i * columns, buffer, JAVA_FLOAT, (long) i * stride * 4, columns);
            }
            return buffer;
        }

        private WeightView view(Guarded memory) {
            MemorySegment buffer = memory.poisoned((long) filter.length * source.bytes());
            int taps = shape.kernelHeight() * shape.kernelWidth();
            int in = shape.inChannels();
            WeightView torch = WeightView.torch(buffer.address(), source, in, shape.kernelHeight(),
                    shape.kernelWidth());
            WeightView view = !channelsLast ? torch : new WeightView(buffer.address(), source, (long) taps * in,
                    (long) shape.kernelWidth() * in, in, 1);
            for (int o = 0; o < shape.outChannels(); o++) {
                for (int i = 0; i < in; i++) {
                    for (int t = 0; t < taps; t++) {
                        float w = filter[(o * in + i) * taps + t];
                        long at = channelsLast ? ((long) o * taps + t) * in + i : ((long) o * in + i) * taps + t;
                        switch (source) {
                            case F32 -> buffer.setAtIndex(JAVA_FLOAT, at, w);
                            case F16 -> buffer.setAtIndex(JAVA_SHORT, at, Float.floatToFloat16(w));
                            case BF16 -> buffer.setAtIndex(JAVA_SHORT, at,
                                    (short) (Float.floatToRawIntBits(w) >>> 16));
                        }
                    }
                }
            }
            return view;
        }

        void compare(float[] actual) {
            boolean direct = convolution.algorithm() == ConvolutionAlgorithm.DIRECT;
            double depth = (double) shape.kernelHeight() * shape.kernelWidth() * shape.inChannels();
            double errors = 0;
            double squares = 0;
            double worst = 0;
            for (int i = 0; i < shape.rows(); i++) {
                for (int o = 0; o < stored; o++) {
                    double[] sum = sum(i, o, direct);
                    double[] gate = epilogue.gated() ? sum(i, stored + o, direct) : null;
                    double expected = epilogue.gated() ? sum[0] * gelu(gate[0]) : activation(sum[0]);
                    double magnitude = epilogue.gated() ? sum[1] * (1 + gate[1]) : 1.2 * sum[1];
                    if (epilogue.residual()) {
                        expected += residual[i * stored + o];
                        magnitude += Math.abs(residual[i * stored + o]);
                    }
                    double error = Math.abs(actual[i * stored + o] - expected);
                    assertTrue(error < Double.POSITIVE_INFINITY, name(i, o) + " is " + actual[i * stored + o]);
                    if (direct) {
                        double bound = 1e-7 * (3 + Math.sqrt(depth)) * magnitude + 1e-9;
                        assertTrue(error <= bound, name(i, o) + " is off by " + error + ", allowed " + bound);
                    }
                    errors += error * error;
                    squares += expected * expected;
                    worst = Math.max(worst, error);
                }
            }
            double rms = Math.sqrt(squares / actual.length) + 1e-3;
            double relative = Math.sqrt(errors / actual.length) / rms;
            assertTrue(relative <= bound(), name(0, 0) + ": relative error " + relative);
            assertTrue(worst / rms <= 12 * bound(), name(0, 0) + ": largest relative error " + worst / rms);
        }

        /// Of the root mean square: the errors that [Winograd] states, and 2e-6 for plain sums.
        private double bound() {
            boolean large = convolution.algorithm() == ConvolutionAlgorithm.WINOGRAD_4;
            return switch (convolution.algorithm()) {
                case DIRECT, AUTO, FASTEST -> 2e-6;
                case WINOGRAD_2, WINOGRAD_4 -> switch (storage) {
                    case F32 -> large ? 5e-6 : 2e-6;
                    case F16 -> large ? 3e-3 : 1e-3;
                    case BF16 -> large ? 2.6e-2 : 8e-3;
                };
            };
        }

        private String name(int row, int column) {
            return shape + " " + epilogue + " " + convolution.algorithm() + " " + storage + " [" + row + ", " + column
                    + "]";
        }

        private double activation(double x) {
            return switch (epilogue.activation()) {
                case NONE -> x;
                case RELU -> Math.max(x, 0);
                case SILU -> x / (1 + Math.exp(-x));
                case GELU -> gelu(x);
                case GELU_TANH -> x / 2 * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
                case QUICK_GELU -> x / (1 + Math.exp(-1.702 * x));
                case SIGMOID -> 1 / (1 + Math.exp(-x));
                case TANH -> Math.tanh(x);
                case SOFTPLUS -> Math.log1p(Math.exp(x));
                case EXP -> Math.exp(x);
            };
        }

        private static double gelu(double x) {
            double sum = x;
            double term = x;
            for (int k = 1; k < 200; k++) {
                term *= x * x / (2 * k + 1);
                sum += term;
            }
            return x * (0.5 + Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI) * sum);
        }

        /// The biased sum of products of row `row` and column `o`, and the sum of their magnitudes. The filter is
        /// rounded to the storage if it is stored as it is.
        private double[] sum(int row, int o, boolean direct) {
            int outPixels = shape.outHeight() * shape.outWidth();
            int image = row / outPixels;
            int top = row % outPixels / shape.outWidth() * shape.strideHeight() - shape.padTop();
            int left = row % shape.outWidth() * shape.strideWidth() - shape.padLeft();
            double sum = 0;
            double magnitude = 0;
            for (int ky = 0; ky < shape.kernelHeight(); ky++) {
                for (int kx = 0; kx < shape.kernelWidth(); kx++) {
                    int y = top + ky;
                    int x = left + kx;
                    if (y < 0 || x < 0 || y >= shape.resizedHeight() || x >= shape.resizedWidth()) {
                        continue;
                    }
                    int pixel = (image * shape.height() + y * shape.height() / shape.resizedHeight()) * shape.width()
                            + x * shape.width() / shape.resizedWidth();
                    for (int i = 0; i < shape.inChannels(); i++) {
                        float w = filter[((o * shape.inChannels() + i) * shape.kernelHeight() + ky)
                                * shape.kernelWidth() + kx];
                        double product = (double) input[pixel * shape.inChannels() + i]
                                * (direct ? rounded(storage, w) : w);
                        sum += product;
                        magnitude += Math.abs(product);
                    }
                }
            }
            double added = (epilogue.bias() ? bias[o] : 0)
                    + (epilogue.sampleBias() ? sampleBias[image * shape.outChannels() + o] : 0);
            return new double[] {sum + added, magnitude + Math.abs(added)};
        }
    }
}
