package dev.cathode.kernels.cpu.vector;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.cathode.kernels.cpu.ConvolutionAlgorithm;
import dev.cathode.kernels.cpu.ConvolutionShape;
import dev.cathode.kernels.cpu.Epilogue;
import dev.cathode.kernels.cpu.WeightStorage;
import org.junit.jupiter.api.Test;

class ConvolutionPlannerTest {
    @Test
    void weighsTimeAndMemoryAsMeasured() {
        assertEquals(ConvolutionAlgorithm.WINOGRAD_4, choice(2, 320, 64, 320, WeightStorage.F32));
        assertEquals(ConvolutionAlgorithm.WINOGRAD_4, choice(2, 640, 32, 640, WeightStorage.F32));
        assertEquals(ConvolutionAlgorithm.WINOGRAD_2, choice(2, 1280, 16, 1280, WeightStorage.F32));
        assertEquals(ConvolutionAlgorithm.WINOGRAD_4, choice(1, 128, 512, 128, WeightStorage.F32));
        assertEquals(ConvolutionAlgorithm.WINOGRAD_2, choice(2, 1280, 8, 1280, WeightStorage.F32));
        assertEquals(ConvolutionAlgorithm.DIRECT, choice(2, 4, 64, 320, WeightStorage.F32));
    }

    @Test
    void keepsAwayFromWhatIsTooCoarse() {
        assertEquals(ConvolutionAlgorithm.WINOGRAD_4, choice(2, 320, 64, 320, WeightStorage.F16));
        assertEquals(ConvolutionAlgorithm.WINOGRAD_2, choice(2, 320, 64, 320, WeightStorage.BF16));
    }

    private static ConvolutionAlgorithm choice(int batch, int in, int size, int out, WeightStorage storage) {
        ConvolutionShape shape = new ConvolutionShape(batch, size, size, in, out, 3, 3, 1, 1, 1, 1, 1, 1, size, size);
        return ConvolutionPlanner.prepare(shape, Epilogue.NONE, ConvolutionAlgorithm.AUTO, storage,
                new VectorProducts()).algorithm();
    }
}
