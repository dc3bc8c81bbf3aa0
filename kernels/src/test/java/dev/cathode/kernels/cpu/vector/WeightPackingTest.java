package dev.cathode.kernels.cpu.vector;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.cathode.kernels.cpu.Convolution;
import dev.cathode.kernels.cpu.ConvolutionAlgorithm;
import dev.cathode.kernels.cpu.ConvolutionShape;
import dev.cathode.kernels.cpu.Epilogue;
import dev.cathode.kernels.cpu.WeightStorage;
import dev.cathode.kernels.cpu.WeightView;
import dev.cathode.kernels.cpu.Workers;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Packing in vectors gives the same bytes as packing number by number, for the views that training takes.
class WeightPackingTest {
    /// Channels of the filter `[O, KH, KW, I]`, and its size.
    @ParameterizedTest
    @CsvSource({"1,1,1,1", "4,70,3,3", "16,16,3,3", "33,20,3,3", "131,67,1,1", "67,131,2,3", "80,96,3,3", "64,70,3,3",
            "32,40,2,3"})
    void viewsOfTheNaturalLayout(int out, int in, int height, int width) {
        float[] filter = new float[out * height * width * in];
        Random random = new Random(3);
        for (int i = 0; i < filter.length; i++) {
            filter[i] = (float) random.nextGaussian();
        }
        for (ConvolutionAlgorithm algorithm : new ConvolutionAlgorithm[] {ConvolutionAlgorithm.DIRECT,
                ConvolutionAlgorithm.WINOGRAD_2, ConvolutionAlgorithm.WINOGRAD_4}) {
            for (WeightStorage storage : WeightStorage.values()) {
                String what = algorithm + " " + storage;
                try (Guarded memory = new Guarded(); Workers workers = new Workers(2)) {
                    long natural = memory.of(filter).address();
                    Convolution forward = convolution(in, out, height, width, algorithm, storage);
                    long row = (long) width * in;
                    assertArrayEquals(pack(memory, forward, WeightView.torch(plain(memory, filter, out, in, height,
                                    width, false), WeightStorage.F32, in, height, width), workers),
                            pack(memory, forward, new WeightView(natural, WeightStorage.F32, height * row, row, in, 1),
                                    workers), what + " forward");
                    // the gradient of the input: a convolution with the flipped filter, outputs and inputs exchanged
                    Convolution backward = convolution(out, in, height, width, algorithm, storage);
                    long last = natural + (height * row - in) * Float.BYTES;
                    assertArrayEquals(pack(memory, backward, WeightView.torch(plain(memory, filter, out, in, height,
                                    width, true), WeightStorage.F32, out, height, width), workers),
                            pack(memory, backward, new WeightView(last, WeightStorage.F32, 1, -row, -in, height * row),
                                    workers), what + " backward");
                    memory.check(what);
                }
            }
        }
    }

    /// Filters of 16 bits as a checkpoint stores them, against the same numbers in float32.
    @ParameterizedTest
    @CsvSource({"1,1,1,1", "4,70,3,3", "33,20,3,3", "131,67,1,1", "67,131,2,3", "80,96,3,3", "128,400,1,1", "64,150,3,3"})
    void viewsOf16Bits(int out, int in, int height, int width) {
        int count = out * height * width * in;
        Random random = new Random(5);
        for (WeightStorage stored : new WeightStorage[] {WeightStorage.F16, WeightStorage.BF16}) {
            try (Guarded memory = new Guarded(); Workers workers = new Workers(2)) {
                MemorySegment narrow = memory.poisoned(2L * count);
                float[] wide = new float[count];
                for (int i = 0; i < count; i++) {
                    float number = (float) random.nextGaussian();
                    narrow.setAtIndex(JAVA_SHORT, i, stored == WeightStorage.F16 ? Float.floatToFloat16(number)
                            : (short) (Float.floatToRawIntBits(number) >> 16));
                    wide[i] = HalfFloats.get(stored, narrow.address() + 2L * i);
                }
                WeightView expected = WeightView.torch(memory.of(wide).address(), WeightStorage.F32, in, height, width);
                WeightView view = WeightView.torch(narrow.address(), stored, in, height, width);
                for (ConvolutionAlgorithm algorithm : new ConvolutionAlgorithm[] {ConvolutionAlgorithm.DIRECT,
                        ConvolutionAlgorithm.WINOGRAD_4}) {
                    for (WeightStorage storage : WeightStorage.values()) {
                        String what = algorithm + " " + stored + " " + storage;
                        Convolution convolution = convolution(in, out, height, width, algorithm, storage);
                        assertArrayEquals(pack(memory, convolution, expected, workers),
                                pack(memory, convolution, view, workers), what);
                        memory.check(what);
                    }
                }
            }
        }
    }

    @Test
    void flippedViewIsTheFlippedFilter() {
        float[] filter = {1, 2, 3, 4, 5, 6, 7, 8, 9}; // one channel, 3×3
        try (Guarded memory = new Guarded(); Workers workers = new Workers(1)) {
            long last = memory.of(filter).address() + 8 * Float.BYTES;
            Convolution convolution = convolution(1, 1, 3, 3, ConvolutionAlgorithm.DIRECT, WeightStorage.F32);
            MemorySegment packed = memory.poisoned(convolution.packedBytes());
            convolution.pack(new WeightView(last, WeightStorage.F32, 1, -3, -1, 1), packed.address(), workers);
            for (int tap = 0; tap < 9; tap++) {
                assertEquals(9 - tap, packed.getAtIndex(JAVA_FLOAT, (long) tap * Simd.LANES));
            }
        }
    }

    private static Convolution convolution(int in, int out, int height, int width, ConvolutionAlgorithm algorithm,
                                           WeightStorage storage) {
        ConvolutionShape shape = new ConvolutionShape(1, 9, 9, in, out, height, width, 1, 1, 1, 1, 1, 1, 9, 9);
        return new VectorKernels().convolution(shape, Epilogue.NONE, algorithm, storage);
    }

    private static byte[] pack(Guarded memory, Convolution convolution, WeightView view, Workers workers) {
        MemorySegment packed = memory.poisoned(convolution.packedBytes());
        convolution.pack(view, packed.address(), workers);
        return packed.toArray(JAVA_BYTE);
    }

    /// PyTorch's layout, of the filter or of its flipped transpose.
    private static long plain(Guarded memory, float[] filter, int out, int in, int height, int width, boolean flip) {
        int taps = height * width;
        float[] copy = new float[filter.length];
        for (int o = 0; o < out; o++) {
            for (int t = 0; t < taps; t++) {
                for (int i = 0; i < in; i++) {
                    copy[flip ? (i * out + o) * taps + taps - 1 - t : (o * in + i) * taps + t] =
                            filter[(o * taps + t) * in + i];
                }
            }
        }
        return memory.of(copy).address();
    }
}
