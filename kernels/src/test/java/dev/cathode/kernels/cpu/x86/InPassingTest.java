package dev.cathode.kernels.cpu.x86;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
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
import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Weights that are packed in passing give the bytes of those packed before.
class InPassingTest {
    @ParameterizedTest
    @CsvSource({"1, 5, 7, 13, 517, 3, false", "2, 4, 4, 401, 640, 3, false", "1, 1, 1, 1, 1000, 1, false",
            "1, 19, 20, 37, 513, 1, false", "3, 1, 31, 390, 1030, 1, true", "1, 6, 5, 16, 1026, 3, true"})
    void sameBytes(int batch, int height, int width, int in, int out, int kernel, boolean gated) {
        int pad = kernel / 2;
        ConvolutionShape shape = new ConvolutionShape(batch, height, width, in, out, kernel, kernel, 1, 1, pad, pad, pad,
                pad, height, width);
        Epilogue epilogue = new Epilogue(true, false, gated ? Activation.NONE : Activation.SILU, gated, false);
        for (CpuKernels kernels : new CpuKernels[] {CpuKernels.fastest(), CpuKernels.vector()}) {
            Convolution convolution = kernels.convolution(shape, epilogue, ConvolutionAlgorithm.DIRECT,
                    WeightStorage.F32);
            Random random = new Random(4);
            try (GuardPages memory = new GuardPages()) {
                MemorySegment weights = memory.of(numbers(random, out * kernel * kernel * in));
                MemorySegment input = memory.of(numbers(random, batch * height * width * in));
                MemorySegment bias = memory.of(numbers(random, out));
                long row = (long) kernel * in;
                long last = weights.address() + 4L * (kernel * kernel - 1) * out;
                for (WeightView view : new WeightView[] {
                    new WeightView(weights.address(), WeightStorage.F32, kernel * row, row, in, 1),
                    WeightView.torch(weights.address(), WeightStorage.F32, in, kernel, kernel),
                    // as the gradient of the input sees a filter [in, kernel, kernel, out]
                    new WeightView(last, WeightStorage.F32, 1, -(long) kernel * out, -out,
                            (long) kernel * kernel * out)}) {
                    for (int threads = 1; threads <= 2; threads++) {
                        check(memory, convolution, view, input.address(), bias.address(), threads);
                    }
                }
            }
        }
    }

    private static void check(GuardPages memory, Convolution convolution, WeightView view, long input, long bias,
                              int threads) {
        ConvolutionShape shape = convolution.shape();
        Convolution.InPassing passing = convolution.inPassing().orElseThrow();
        int stored = shape.outChannels() / (convolution.packing().contains("gated") ? 2 : 1);
        try (Workers workers = new Workers(threads)) {
            MemorySegment packed = memory.aligned(convolution.packedBytes());
            MemorySegment expected = memory.buffer(4L * shape.rows() * stored);
            MemorySegment actual = memory.buffer(4L * shape.rows() * stored);
            convolution.pack(view, packed.address(), workers);
            convolution.run(new Convolution.Arguments(input, shape.inChannels(), packed.address(), bias, 0, 0, 0,
                    expected.address(), stored, memory.aligned(convolution.workspaceBytes(threads)).address()), workers);
            passing.run(view, new Convolution.Arguments(input, shape.inChannels(), 0, bias, 0, 0, 0, actual.address(),
                    stored, memory.aligned(passing.workspaceBytes(threads)).address()), workers);
            assertArrayEquals(expected.toArray(JAVA_INT), actual.toArray(JAVA_INT),
                    () -> shape + " " + view + " on " + threads);
        }
    }

    private static float[] numbers(Random random, int count) {
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = (float) random.nextGaussian();
        }
        return numbers;
    }

    @Test
    void onlyWhereItPays() {
        CpuKernels kernels = CpuKernels.vector();
        assertTrue(passing(kernels, ConvolutionShape.linear(384, 9, 512), WeightStorage.F32));
        assertTrue(!passing(kernels, ConvolutionShape.linear(385, 9, 512), WeightStorage.F32));
        assertTrue(!passing(kernels, ConvolutionShape.linear(10, 9, 512), WeightStorage.BF16));
        assertTrue(!passing(kernels, ConvolutionShape.linear(10, 9, kernels.lanes()), WeightStorage.F32));
    }

    private static boolean passing(CpuKernels kernels, ConvolutionShape shape, WeightStorage storage) {
        return kernels.convolution(shape, Epilogue.NONE, ConvolutionAlgorithm.AUTO, storage).inPassing().isPresent();
    }
}
