package dev.cathode.kernels.cpu.x86;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cathode.kernels.cpu.Activation;
import dev.cathode.kernels.cpu.Convolution;
import dev.cathode.kernels.cpu.ConvolutionAlgorithm;
import dev.cathode.kernels.cpu.ConvolutionShape;
import dev.cathode.kernels.cpu.CpuKernels;
import dev.cathode.kernels.cpu.Epilogue;
import dev.cathode.kernels.cpu.FilterGradient;
import dev.cathode.kernels.cpu.WeightStorage;
import dev.cathode.kernels.cpu.WeightView;
import dev.cathode.kernels.cpu.Workers;
import dev.cathode.kernels.cpu.x86.X86Kernels.Wish;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

class X86KernelsTest {
    private static final String AMD64 = "amd64";

    @Test
    void whatStandsAgainstMachineCodeIsSaid() {
        Optional<Pages> pages = Optional.of(new MachineCodeTest.Hardened(Machine.pages()));
        fallsBack("-Dcathode.cpu=vector", X86Kernels.open(Wish.VECTOR, AMD64, pages));
        fallsBack("machine code is written for x86-64, this is aarch64", X86Kernels.open(Wish.AUTO, "aarch64", pages));
        fallsBack("machine code runs on Linux, this is", X86Kernels.open(Wish.AUTO, AMD64, Optional.empty()));
        int bits = CpuKernels.vector().lanes() * 32;
        if (bits < 256) {
            fallsBack("no machine code for weights in vectors of 128 bit", X86Kernels.open(Wish.AUTO, AMD64, pages));
        } else {
            fallsBack("this system refuses executable memory: mprotect answers EACCES",
                    X86Kernels.open(Wish.AUTO, AMD64, pages));
        }
        fallsBack("no -Dcathode.cpu=" + (bits == 512 ? "avx2" : "avx512") + " for weights in vectors of " + bits
                + " bit", X86Kernels.open(bits == 512 ? Wish.AVX2 : Wish.AVX512, AMD64, pages));
    }

    private static void fallsBack(String reason, CpuKernels kernels) {
        assertTrue(kernels.reason().startsWith(reason), kernels.reason());
        assertEquals(CpuKernels.vector().description(), kernels.description());
    }

    @Test
    void theOptionHasThreeWords() {
        assertEquals(Wish.AUTO, X86Kernels.wish(null));
        assertEquals(Wish.AVX512, X86Kernels.wish("avx512"));
        String message = assertThrows(IllegalArgumentException.class, () -> X86Kernels.wish("sse")).getMessage();
        assertEquals("-Dcathode.cpu must be one of vector, avx2, avx512, not sse", message);
        assertThrows(IllegalArgumentException.class, () -> X86Kernels.wish("auto"));
    }

    /// Linears and convolutions of random sizes, every storage: the bytes of the Vector API, on one thread and on two,
    /// with guard pages behind all memory; a sample of the linears against float64.
    @Test
    void sameBytesAsTheVectorApi() {
        CpuKernels emitted = X86Kernels.open(Wish.AUTO, System.getProperty("os.arch"), Pages.system());
        assumeTrue(emitted.description().contains("machine code"), emitted.reason());
        Random random = new Random(11);
        int[] sizes = {1, 2, 3, 5, 13, 16, 31, 64, 67, 97, 130, 257};
        for (int i = 0; i < 36; i++) {
            int in = sizes[random.nextInt(sizes.length)];
            int out = 2 * sizes[random.nextInt(sizes.length)];
            int height = 1 + random.nextInt(13);
            int width = 1 + random.nextInt(13);
            boolean linear = i % 3 == 0;
            ConvolutionShape shape = linear ? ConvolutionShape.linear(sizes[random.nextInt(sizes.length)], in, out)
                    : new ConvolutionShape(1 + random.nextInt(2), height, width, in, out, 3, 3, 1, 1, 1, 1, 1, 1,
                            height, width);
            boolean gated = linear && random.nextBoolean();
            Epilogue epilogue = new Epilogue(random.nextInt(4) > 0, random.nextBoolean(),
                    gated || random.nextBoolean() ? Activation.NONE : Activation.SILU, gated, i % 2 == 0);
            ConvolutionAlgorithm algorithm = ConvolutionAlgorithm.values()[i % ConvolutionAlgorithm.values().length];
            WeightStorage storage = WeightStorage.values()[random.nextInt(3)];
            Case c = new Case(shape, epilogue, algorithm, storage, random.nextLong());
            int[] expected = c.run(CpuKernels.vector(), 1);
            assertArrayEquals(expected, c.run(emitted, 1), c.toString());
            assertArrayEquals(expected, c.run(emitted, 2), c + " on 2 threads");
        }
    }

    @Test
    void filterGradientsHaveTheSameBytes() {
        CpuKernels emitted = X86Kernels.open(Wish.AUTO, System.getProperty("os.arch"), Pages.system());
        assumeTrue(emitted.description().contains("machine code"), emitted.reason());
        Random random = new Random(12);
        for (int[] s : new int[][] {{1, 1, 1, 1, 1}, {7, 9, 5, 3, 3}, {13, 11, 67, 31, 3}, {16, 8, 130, 97, 1},
            {5, 6, 16, 257, 3}}) {
            int pad = s[4] / 2;
            ConvolutionShape shape = new ConvolutionShape(2, s[0], s[1], s[2], s[3], s[4], s[4], 1, 1, pad, pad, pad,
                    pad, s[0], s[1]);
            float[] x = Case.normal(random, 2 * s[0] * s[1] * s[2]);
            float[] dy = Case.normal(random, shape.rows() * s[3]);
            int[] expected = gradient(CpuKernels.vector(), shape, x, dy, 1);
            assertArrayEquals(expected, gradient(emitted, shape, x, dy, 1), shape::toString);
            assertArrayEquals(expected, gradient(emitted, shape, x, dy, 2), () -> shape + " on 2 threads");
        }
    }

    private static int[] gradient(CpuKernels kernels, ConvolutionShape shape, float[] x, float[] dy, int threads) {
        FilterGradient gradient = kernels.filterGradient(shape);
        try (GuardPages memory = new GuardPages(); Workers workers = new Workers(threads)) {
            MemorySegment dw = memory.buffer(4L * shape.outChannels() * shape.kernelHeight() * shape.kernelWidth()
                    * shape.inChannels());
            gradient.run(new FilterGradient.Arguments(memory.of(x).address(), shape.inChannels(),
                    memory.of(dy).address(), shape.outChannels(), dw.address(),
                    memory.aligned(gradient.workspaceBytes(threads)).address()), workers);
            return dw.toArray(JAVA_INT);
        }
    }

    @Test
    void linearsAreRight() {
        CpuKernels emitted = X86Kernels.open(Wish.AUTO, System.getProperty("os.arch"), Pages.system());
        assumeTrue(emitted.description().contains("machine code"), emitted.reason());
        int rows = 31;
        int in = 701;
        int out = 149;
        Case c = new Case(ConvolutionShape.linear(rows, in, out), Epilogue.BIAS, ConvolutionAlgorithm.DIRECT,
                WeightStorage.F32, 3);
        int[] actual = c.run(emitted, 2);
        for (int row = 0; row < rows; row++) {
            for (int o = 0; o < out; o++) {
                double sum = c.bias[o];
                double magnitude = Math.abs(sum);
                for (int p = 0; p < in; p++) {
                    double term = (double) c.input[row * in + p] * c.weights[o * in + p];
                    sum += term;
                    magnitude += Math.abs(term);
                }
                assertEquals(sum, Float.intBitsToFloat(actual[row * out + o]), 1e-7 * Math.sqrt(in) * magnitude);
            }
        }
    }

    /// A layer and its numbers.
    private static final class Case {
        private final ConvolutionShape shape;
        private final Epilogue epilogue;
        private final ConvolutionAlgorithm algorithm;
        private final WeightStorage storage;
        private final float[] input;
        private final float[] weights;
        private final float[] bias;
        private final float[] sampleBias;
        private final float[] residual;

        Case(ConvolutionShape shape, Epilogue epilogue, ConvolutionAlgorithm algorithm, WeightStorage storage,
             long seed) {
            this.shape = shape;
            this.epilogue = epilogue;
            this.algorithm = algorithm;
            this.storage = storage;
            Random random = new Random(seed);
            int taps = shape.kernelHeight() * shape.kernelWidth();
            input = normal(random, shape.batch() * shape.height() * shape.width() * shape.inChannels());
            weights = normal(random, shape.outChannels() * taps * shape.inChannels());
            bias = normal(random, shape.outChannels());
            sampleBias = normal(random, shape.batch() * shape.outChannels());
            residual = normal(random, shape.rows() * stored());
        }

        private int stored() {
            return epilogue.gated() ? shape.outChannels() / 2 : shape.outChannels();
        }

        private static float[] normal(Random random, int count) {
            float[] numbers = new float[count];
            for (int i = 0; i < count; i++) {
                numbers[i] = (float) random.nextGaussian();
            }
            return numbers;
        }

        /// The bits of the result.
        int[] run(CpuKernels kernels, int threads) {
            Convolution convolution = kernels.convolution(shape, epilogue, algorithm, storage);
            try (GuardPages memory = new GuardPages(); Workers workers = new Workers(threads)) {
                MemorySegment packed = memory.aligned(convolution.packedBytes());
                MemorySegment output = memory.buffer(4L * shape.rows() * stored());
                convolution.pack(WeightView.torch(memory.of(weights).address(), WeightStorage.F32, shape.inChannels(),
                        shape.kernelHeight(), shape.kernelWidth()), packed.address(), workers);
                convolution.run(new Convolution.Arguments(memory.of(input).address(), shape.inChannels(),
                        packed.address(), memory.of(bias).address(), memory.of(sampleBias).address(),
                        epilogue.residual() ? memory.of(residual).address() : 0, stored(), output.address(), stored(),
                        memory.aligned(convolution.workspaceBytes(threads)).address()), workers);
                return output.toArray(JAVA_INT);
            }
        }

        @Override
        public String toString() {
            return shape + " " + epilogue + " " + algorithm + " " + storage;
        }
    }
}
