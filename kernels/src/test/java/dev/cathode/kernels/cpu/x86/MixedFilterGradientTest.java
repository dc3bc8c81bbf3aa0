package dev.cathode.kernels.cpu.x86;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.kernels.cpu.ConvolutionShape;
import dev.cathode.kernels.cpu.CpuKernels;
import dev.cathode.kernels.cpu.FilterGradient;
import dev.cathode.kernels.cpu.Workers;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Gradients of filters in mixed precision against float64, with guard pages behind all memory.
class MixedFilterGradientTest {
    @BeforeAll
    static void thisSystemHasGuardPages() {
        Machine.pages();
    }

    static List<ConvolutionShape> shapes() {
        List<ConvolutionShape> shapes = new ArrayList<>(List.of(
                ConvolutionShape.linear(1, 3, 2),
                ConvolutionShape.linear(2, 1, 1),
                ConvolutionShape.linear(77, 96, 24), // no pairs
                ConvolutionShape.linear(78, 96, 24),
                ConvolutionShape.linear(300, 448, 26),
                ConvolutionShape.linear(2050, 67, 13),
                ConvolutionShape.linear(4200, 5, 3), // cut in parts
                square(1, 8, 8, 160, 37, 3, 1, 1),
                square(2, 13, 10, 32, 33, 3, 1, 1),
                square(2, 20, 18, 3, 13, 7, 2, 3),
                square(2, 8, 8, 37, 3, 3, 2, 1),
                square(1, 4, 4, 2, 2, 5, 1, 4), // taps that see nothing but padding
                square(3, 2, 2, 130, 7, 3, 1, 1),
                square(2, 6, 7, 11, 7, 1, 1, 1)));
        Random random = new Random(5);
        for (int i = 0; i < 25; i++) {
            int kernelHeight = 1 + random.nextInt(4);
            int kernelWidth = 1 + random.nextInt(4);
            int height = kernelHeight + random.nextInt(12);
            int width = kernelWidth + random.nextInt(12);
            shapes.add(new ConvolutionShape(1 + random.nextInt(3), height, width, 1 + random.nextInt(140),
                    1 + random.nextInt(40), kernelHeight, kernelWidth, 1 + random.nextInt(2), 1 + random.nextInt(2),
                    random.nextInt(kernelHeight), random.nextInt(kernelWidth), random.nextInt(kernelHeight),
                    random.nextInt(kernelWidth), height, width));
        }
        return shapes;
    }

    private static ConvolutionShape square(int batch, int height, int width, int in, int out, int kernel, int stride,
                                           int pad) {
        return new ConvolutionShape(batch, height, width, in, out, kernel, kernel, stride, stride, pad, pad, pad, pad,
                height, width);
    }

    private static float[] random(Random random, int count) {
        float[] x = new float[count];
        for (int i = 0; i < count; i++) {
            x[i] = (float) random.nextGaussian();
        }
        return x;
    }

    /// To numbers that bfloat16 has, so that rounding them is no error.
    private static float[] truncated(float[] x) {
        float[] y = x.clone();
        for (int i = 0; i < x.length; i++) {
            y[i] = Float.intBitsToFloat(Float.floatToRawIntBits(x[i]) & 0xffff0000);
        }
        return y;
    }

    private static int inputs(ConvolutionShape s) {
        return s.batch() * s.height() * s.width() * s.inChannels();
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void sumsOfRoundedNumbersAreThoseOfFloat32(ConvolutionShape shape) {
        Random random = new Random(shape.hashCode());
        float[] x = truncated(random(random, inputs(shape)));
        float[] dy = truncated(random(random, shape.rows() * shape.outChannels()));
        float[] one = run(CpuKernels.fastest(), shape, x, dy, 1, 3);
        assertArrayEquals(one, run(CpuKernels.fastest(), shape, x, dy, 2, 3), "1 and 2 threads");
        check(shape, x, dy, one, 1e-7 * (3 + Math.sqrt(shape.rows())));
        check(shape, x, dy, run(CpuKernels.vector(), shape, x, dy, 2, 0), 1e-7 * (3 + Math.sqrt(shape.rows())));
    }

    @Test
    void operandsAreRounded() {
        ConvolutionShape shape = square(1, 8, 8, 64, 24, 3, 1, 1);
        Random random = new Random(4);
        float[] x = random(random, inputs(shape));
        float[] dy = random(random, shape.rows() * shape.outChannels());
        check(shape, x, dy, run(CpuKernels.fastest(), shape, x, dy, 2, 0), 0x1p-8 * 1.01);
    }

    /// What is not a number stays where it belongs: not in the rows of other channels, not in taps that do not see it.
    @Test
    void whatIsNotFiniteStays() {
        ConvolutionShape shape = square(1, 6, 6, 70, 9, 3, 1, 1);
        Random random = new Random(5);
        float[] x = random(random, inputs(shape));
        float[] dy = random(random, shape.rows() * shape.outChannels());
        x[3] = Float.NaN; // the first pixel: the last row and column of taps do not see it
        dy[20 * 9 + 4] = Float.POSITIVE_INFINITY;
        float[] dw = run(CpuKernels.fastest(), shape, x, dy, 1, 2);
        for (int o = 0; o < 9; o++) {
            for (int tap = 0; tap < 9; tap++) {
                for (int i = 0; i < 70; i++) {
                    boolean finite = o != 4 && (i != 3 || tap / 3 == 2 || tap % 3 == 2);
                    assertEquals(finite, Float.isFinite(dw[(o * 9 + tap) * 70 + i]), o + " " + tap + " " + i);
                }
            }
        }
    }

    private static float[] run(CpuKernels kernels, ConvolutionShape shape, float[] x, float[] dy, int threads, int gap) {
        FilterGradient gradient = kernels.mixedFilterGradient(shape);
        assertEquals(shape, gradient.shape());
        try (GuardPages memory = new GuardPages(); Workers workers = new Workers(threads)) {
            MemorySegment result = memory.buffer(4L * shape.outChannels() * shape.kernelHeight() * shape.kernelWidth()
                    * shape.inChannels());
            MemorySegment workspace = memory.aligned(gradient.workspaceBytes(threads));
            workspace.fill((byte) 0xff); // NaN
            gradient.run(new FilterGradient.Arguments(strided(memory, x, shape.inChannels(), gap),
                    shape.inChannels() + gap, strided(memory, dy, shape.outChannels(), gap), shape.outChannels() + gap,
                    result.address(), workspace.address()), workers);
            return result.toArray(JAVA_FLOAT);
        }
    }

    private static long strided(GuardPages memory, float[] x, int columns, int gap) {
        int rows = x.length / columns;
        MemorySegment buffer = memory.buffer(4L * ((long) (rows - 1) * (columns + gap) + columns));
        buffer.fill((byte) 0xff);
        for (int i = 0; i < rows; i++) {
            MemorySegment.copy(x, i * columns, buffer, JAVA_FLOAT, 4L * i * (columns + gap), columns);
        }
        return buffer.address();
    }

    private static void check(ConvolutionShape s, float[] input, float[] dy, float[] actual, double factor) {
        double[] sums = new double[actual.length];
        double[] sizes = new double[actual.length];
        int in = s.inChannels();
        int taps = s.kernelHeight() * s.kernelWidth();
        for (int pixel = 0; pixel < s.rows(); pixel++) {
            int image = pixel / (s.outHeight() * s.outWidth());
            for (int tap = 0; tap < taps; tap++) {
                int y = pixel / s.outWidth() % s.outHeight() * s.strideHeight() - s.padTop() + tap / s.kernelWidth();
                int x = pixel % s.outWidth() * s.strideWidth() - s.padLeft() + tap % s.kernelWidth();
                if (y < 0 || y >= s.height() || x < 0 || x >= s.width()) {
                    continue;
                }
                int from = ((image * s.height() + y) * s.width() + x) * in;
                for (int o = 0; o < s.outChannels(); o++) {
                    for (int i = 0; i < in; i++) {
                        double product = (double) dy[pixel * s.outChannels() + o] * input[from + i];
                        sums[(o * taps + tap) * in + i] += product;
                        sizes[(o * taps + tap) * in + i] += Math.abs(product);
                    }
                }
            }
        }
        for (int i = 0; i < actual.length; i++) {
            int index = i;
            assertTrue(Math.abs(actual[i] - sums[i]) <= factor * sizes[i], // also catches NaN
                    () -> s + " [" + index + "] is " + actual[index] + ", not " + sums[index]);
        }
    }
}
