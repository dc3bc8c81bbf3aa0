package dev.cathode.kernels.cpu.vector;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.kernels.cpu.Convolution;
import dev.cathode.kernels.cpu.ConvolutionShape;
import dev.cathode.kernels.cpu.CpuKernels;
import dev.cathode.kernels.cpu.Epilogue;
import dev.cathode.kernels.cpu.OffHeap;
import dev.cathode.kernels.cpu.WeightStorage;
import dev.cathode.kernels.cpu.WeightView;
import dev.cathode.kernels.cpu.Workers;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.api.Test;

class CutTest {
    private static final int[][] CUTS = {{12, 1}, {24, 3}, {60, 2}, {96, 5}, {192, 100}};

    @Test
    void noByteDependsOnTheCut() {
        Products products = ((VectorKernels) CpuKernels.fastest()).products();
        for (int[] s : new int[][] {{101, 400, 333}, {37, 70, 2600}, {200, 35, 20}}) {
            ConvolutionShape shape = ConvolutionShape.linear(s[0], s[1], s[2]);
            int[] float32 = run(new ImplicitGemm(shape, Epilogue.BIAS, WeightStorage.F32, products));
            int[] mixed = run(new RoundedGemm(shape, Epilogue.BIAS, products));
            for (int[] c : CUTS) {
                Cut cut = new Cut(c[0], c[1]);
                Convolution cutAnew = new ImplicitGemm(shape, Epilogue.BIAS, WeightStorage.F32, products, cut);
                assertArrayEquals(float32, run(cutAnew), () -> shape + " by " + cut);
                Convolution mixedCutAnew = new RoundedGemm(shape, Epilogue.BIAS, products, cut);
                assertArrayEquals(mixed, run(mixedCutAnew), () -> shape + " in bfloat16 by " + cut);
            }
        }
    }

    /// The bits of the result.
    private static int[] run(Convolution linear) {
        ConvolutionShape shape = linear.shape();
        try (Arena arena = Arena.ofShared(); Workers workers = new Workers(2)) {
            MemorySegment weights = random(arena, (long) shape.inChannels() * shape.outChannels(), 1);
            MemorySegment packed = OffHeap.allocate(linear.packedBytes(), arena);
            MemorySegment y = OffHeap.allocate(4L * shape.rows() * shape.outChannels(), arena);
            linear.pack(WeightView.torch(weights.address(), WeightStorage.F32, shape.inChannels(), 1, 1),
                    packed.address(), workers);
            linear.run(new Convolution.Arguments(
                    random(arena, (long) shape.rows() * shape.inChannels(), 2).address(), shape.inChannels(),
                    packed.address(), random(arena, shape.outChannels(), 3).address(), 0, 0, 0, y.address(),
                    shape.outChannels(), OffHeap.allocate(linear.workspaceBytes(2), arena).address()), workers);
            return y.toArray(JAVA_INT);
        }
    }

    private static MemorySegment random(Arena arena, long count, long seed) {
        MemorySegment numbers = OffHeap.allocate(4 * count, arena);
        Random random = new Random(seed);
        for (long i = 0; i < count; i++) {
            numbers.setAtIndex(JAVA_FLOAT, i, (float) random.nextGaussian());
        }
        return numbers;
    }

    /// The thread with most rows times panels has at most an eighth more than its share, where there is enough to
    /// share.
    @Test
    void threadsShareAlike() {
        for (int threads : new int[] {1, 2, 3, 8}) {
            for (int rows : new int[] {512, 1000, 1024, 2048, 4096, 8192}) {
                for (int panels : new int[] {5, 20, 40, 160}) {
                    Cut cut = Cut.of(new Cut.Work(rows, panels, 1, 640, 1280, 96, panels), threads);
                    double[] busy = new double[threads];
                    int rowBlocks = Math.ceilDiv(rows, cut.rows());
                    for (int task = 0; task < rowBlocks * Math.ceilDiv(panels, cut.panels()); task++) {
                        int least = 0;
                        for (int i = 1; i < threads; i++) {
                            least = busy[i] < busy[least] ? i : least;
                        }
                        busy[least] += Math.min(cut.rows(), rows - task % rowBlocks * cut.rows())
                                * (double) Math.min(cut.panels(), panels - task / rowBlocks * cut.panels());
                    }
                    double share = (double) rows * panels / threads;
                    for (double time : busy) {
                        assertTrue(time <= share * 1.125, () -> threads + " threads, " + rows + " rows, " + panels
                                + " panels: " + cut);
                    }
                }
            }
        }
    }

    @Test
    void limitsHold() {
        for (int rows = 1; rows < 400; rows += 7) {
            for (int panels = 1; panels < 30; panels += 3) {
                for (int threads = 1; threads < 20; threads += 6) {
                    Cut cut = Cut.of(new Cut.Work(rows, panels, 2, 100, 100, 192, 5), threads);
                    assertEquals(0, cut.rows() % MicroKernel.ROWS);
                    assertTrue(cut.rows() > 0 && cut.rows() <= Math.min(192, MicroKernel.roundUp(rows)));
                    assertTrue(cut.panels() > 0 && cut.panels() <= Math.min(panels, 5));
                }
            }
        }
    }
}
