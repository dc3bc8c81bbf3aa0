package dev.cathode.kernels.cpu.vector;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.kernels.cpu.ConvolutionShape;
import dev.cathode.kernels.cpu.FilterGradient;
import dev.cathode.kernels.cpu.Workers;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Against sums in float64.
class FilterGradientTest {
    /// Geometry with everything odd that a convolution can have, and random geometry.
    static List<ConvolutionShape> shapes() {
        List<ConvolutionShape> shapes = new ArrayList<>(List.of(
                ConvolutionShape.linear(1, 1, 1),
                ConvolutionShape.linear(1, 50, 9),
                ConvolutionShape.linear(77, 96, 24), // whole tiles only
                ConvolutionShape.linear(300, 448, 26), // many tiles beside each other
                ConvolutionShape.linear(77, 131, 67),
                ConvolutionShape.linear(800, 19, 8),
                ConvolutionShape.linear(4200, 5, 3), // cut in parts
                square(1, 6, 5, 48, 16, 3, 1, 1),
                square(1, 4, 4, 160, 37, 3, 1, 1),
                square(2, 13, 11, 32, 33, 3, 1, 1),
                square(1, 47, 45, 6, 5, 3, 1, 1),
                square(2, 20, 18, 3, 13, 7, 2, 3),
                square(2, 19, 20, 1, 13, 7, 2, 3),
                square(2, 8, 9, 37, 3, 3, 2, 1),
                square(1, 3, 3, 2, 2, 5, 1, 4), // taps that see nothing but padding
                square(3, 2, 1, 17, 7, 3, 1, 1),
                square(3, 7, 6, 29, 7, 1, 2, 0),
                square(2, 6, 7, 11, 7, 1, 1, 1),
                new ConvolutionShape(2, 8, 10, 20, 5, 3, 3, 2, 2, 0, 0, 1, 1, 8, 10),
                new ConvolutionShape(1, 6, 9, 18, 4, 1, 7, 1, 2, 0, 3, 0, 1, 6, 9),
                new ConvolutionShape(1, 9, 6, 18, 4, 7, 1, 2, 1, 2, 0, 3, 0, 9, 6)));
        Random random = new Random(5);
        for (int i = 0; i < 25; i++) {
            int kernelHeight = 1 + random.nextInt(4);
            int kernelWidth = 1 + random.nextInt(4);
            int height = kernelHeight + random.nextInt(12);
            int width = kernelWidth + random.nextInt(12);
            shapes.add(new ConvolutionShape(1 + random.nextInt(3), height, width, 1 + random.nextInt(70),
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

    @ParameterizedTest
    @MethodSource("shapes")
    void sums(ConvolutionShape shape) {
        Case c = new Case(shape);
        c.compare(c.run(2, 0));
        c.compare(c.run(1, 3));
    }

    @Test
    void sameBytesForEveryThreadCount() {
        for (ConvolutionShape shape : List.of(square(3, 32, 31, 9, 20, 3, 1, 1), square(1, 16, 16, 64, 72, 3, 1, 1),
                ConvolutionShape.linear(5000, 33, 17))) {
            Case c = new Case(shape);
            float[] expected = c.run(1, 1);
            assertArrayEquals(expected, c.run(2, 1), shape + " on 2 threads");
            assertArrayEquals(expected, c.run(5, 1), shape + " on 5 threads");
        }
    }

    @Test
    void refusesToResize() {
        ConvolutionShape resizing = new ConvolutionShape(2, 4, 5, 21, 23, 3, 3, 1, 1, 1, 1, 1, 1, 8, 10);
        assertTrue(assertThrows(IllegalArgumentException.class, () -> new VectorKernels().filterGradient(resizing))
                .getMessage().contains("resize the input first"));
    }

    /// One gradient with its numbers.
    private static final class Case {
        private final ConvolutionShape shape;
        private final float[] input;
        private final float[] gradient;
        private final int numbers;

        Case(ConvolutionShape shape) {
            this.shape = shape;
            Random random = new Random(23);
            input = random(random, shape.batch() * shape.height() * shape.width() * shape.inChannels());
            gradient = random(random, shape.rows() * shape.outChannels());
            numbers = shape.outChannels() * shape.kernelHeight() * shape.kernelWidth() * shape.inChannels();
        }

        private static float[] random(Random random, int count) {
            float[] x = new float[count];
            for (int i = 0; i < count; i++) {
                x[i] = (float) random.nextGaussian();
            }
            return x;
        }

        /// Runs with rows `gap` numbers apart, which must not be read.
        float[] run(int threads, int gap) {
            FilterGradient kernel = new VectorKernels().filterGradient(shape);
            assertEquals(shape, kernel.shape());
            try (Guarded memory = new Guarded(); Workers workers = new Workers(threads)) {
                MemorySegment result = memory.poisoned(numbers * 4L);
                long workspace = memory.poisoned(kernel.workspaceBytes(threads)).address();
                kernel.run(new FilterGradient.Arguments(
                        strided(memory, input, shape.inChannels(), gap), shape.inChannels() + gap,
                        strided(memory, gradient, shape.outChannels(), 2 * gap), shape.outChannels() + 2 * gap,
                        result.address(), workspace), workers);
                memory.check(shape.toString());
                return result.toArray(JAVA_FLOAT);
            }
        }

        private static long strided(Guarded memory, float[] x, int columns, int gap) {
            int rows = x.length / columns;
            int stride = columns + gap;
            MemorySegment buffer = memory.poisoned(((long) (rows - 1) * stride + columns) * 4);
            for (int i = 0; i < rows; i++) {
                MemorySegment.copy(x, i * columns, buffer, JAVA_FLOAT, (long) i * stride * 4, columns);
            }
            return buffer.address();
        }

        void compare(float[] actual) {
            double[] sums = new double[numbers];
            double[] magnitudes = new double[numbers];
            sum(sums, magnitudes);
            double factor = 1e-7 * (3 + Math.sqrt(shape.rows()));
            for (int i = 0; i < numbers; i++) {
                double error = Math.abs(actual[i] - sums[i]);
                assertTrue(error <= factor * magnitudes[i], // also catches NaN
                        shape + " [" + i + "] is " + actual[i] + ", not " + sums[i]);
            }
        }

        private void sum(double[] sums, double[] magnitudes) {
            int in = shape.inChannels();
            int pixel = 0;
            for (int n = 0; n < shape.batch(); n++) {
                for (int oy = 0; oy < shape.outHeight(); oy++) {
                    for (int ox = 0; ox < shape.outWidth(); ox++, pixel++) {
                        for (int tap = 0; tap < shape.kernelHeight() * shape.kernelWidth(); tap++) {
                            int y = oy * shape.strideHeight() - shape.padTop() + tap / shape.kernelWidth();
                            int x = ox * shape.strideWidth() - shape.padLeft() + tap % shape.kernelWidth();
                            if (y < 0 || y >= shape.height() || x < 0 || x >= shape.width()) {
                                continue;
                            }
                            int from = ((n * shape.height() + y) * shape.width() + x) * in;
                            for (int o = 0; o < shape.outChannels(); o++) {
                                double dy = gradient[pixel * shape.outChannels() + o];
                                int to = (o * shape.kernelHeight() * shape.kernelWidth() + tap) * in;
                                for (int i = 0; i < in; i++) {
                                    sums[to + i] += dy * input[from + i];
                                    magnitudes[to + i] += Math.abs(dy * input[from + i]);
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
