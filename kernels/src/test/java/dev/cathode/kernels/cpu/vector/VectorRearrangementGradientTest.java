package dev.cathode.kernels.cpu.vector;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.kernels.cpu.Rearrangement.Filter;
import dev.cathode.kernels.cpu.Rearrangement.Window;
import dev.cathode.kernels.cpu.Workers;
import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/// Linear operations: the gradient is the transposed matrix of the forward kernel, which is read off it one unit image
/// after the other. The rest: formulas.
class VectorRearrangementGradientTest {
    private static final Workers ONE = new Workers(1);
    private static final Workers WORKERS = new Workers(3);
    private static final int[] CHANNELS = {1, 3, 16, 37};
    private final VectorRearrangementGradient kernels = new VectorRearrangementGradient();
    private final VectorRearrangement forward = new VectorRearrangement(Conversions.vector());

    @AfterAll
    static void close() {
        ONE.close();
        WORKERS.close();
    }

    private static float[] random(int count, int seed) {
        SplittableRandom random = new SplittableRandom(31L * count + seed);
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = (float) random.nextGaussian();
        }
        return numbers;
    }

    private static float[] floats(MemorySegment memory) {
        return memory.toArray(JAVA_FLOAT_UNALIGNED);
    }

    private static MemorySegment ids(Guarded memory, int... ids) {
        MemorySegment buffer = memory.poisoned(4L * ids.length);
        buffer.copyFrom(MemorySegment.ofArray(ids));
        return buffer;
    }

    /// An image operation, forward or back.
    @FunctionalInterface
    private interface Images {
        void run(long in, long out, int batch, int channels, Workers workers);
    }

    /// Compares `gradient` with the transposed matrix of `operation`.
    private void transposed(String what, int height, int width, int outHeight, int outWidth, Images operation,
                            Images gradient) {
        int pixels = height * width;
        int outPixels = outHeight * outWidth;
        float[][] matrix = new float[pixels][];
        try (Guarded memory = new Guarded()) { // column p: what pixel p alone becomes
            float[] units = new float[pixels * pixels];
            for (int p = 0; p < pixels; p++) {
                units[p * pixels + p] = 1;
            }
            MemorySegment out = memory.poisoned(4L * pixels * outPixels);
            operation.run(memory.of(units).address(), out.address(), pixels, 1, ONE);
            for (int p = 0; p < pixels; p++) {
                matrix[p] = floats(out.asSlice(4L * p * outPixels, 4L * outPixels));
            }
        }
        int batch = 2;
        for (int channels : CHANNELS) {
            try (Guarded memory = new Guarded()) {
                float[] up = random(batch * outPixels * channels, channels);
                MemorySegment dy = memory.of(up);
                MemorySegment dx = memory.poisoned(4L * batch * pixels * channels);
                gradient.run(dy.address(), dx.address(), batch, channels, WORKERS);
                memory.check(what);
                for (int i = 0; i < batch * pixels * channels; i++) {
                    int p = i / channels % pixels;
                    int image = i / channels / pixels;
                    double sum = 0;
                    double size = 0;
                    for (int q = 0; q < outPixels; q++) {
                        double term = (double) matrix[p][q] * up[(image * outPixels + q) * channels + i % channels];
                        sum += term;
                        size += Math.abs(term);
                    }
                    assertEquals(sum, dx.getAtIndex(JAVA_FLOAT, i), 4e-7 * size, what + " " + channels + " at " + i);
                }
                MemorySegment again = memory.poisoned(dx.byteSize());
                gradient.run(dy.address(), again.address(), batch, channels, ONE);
                assertArrayEquals(floats(dx), floats(again), what + " on one thread");
            }
        }
    }

    @Test
    void resizes() {
        int[][] sizes = {{3, 4, 6, 8}, {5, 7, 5, 7}, {7, 5, 3, 2}, {4, 4, 9, 3}, {1, 1, 5, 3}, {6, 5, 1, 1}};
        for (int[] s : sizes) {
            String what = s[0] + "x" + s[1] + " to " + s[2] + "x" + s[3];
            transposed("nearest " + what, s[0], s[1], s[2], s[3],
                    (x, y, n, c, w) -> forward.resizeNearest(x, y, n, s[0], s[1], s[2], s[3], c, w),
                    (dy, dx, n, c, w) -> kernels.resizeNearest(dy, dx, n, s[0], s[1], s[2], s[3], c, w));
            for (Filter filter : Filter.values()) {
                for (boolean antialias : new boolean[] {false, true}) {
                    transposed(filter + " " + antialias + " " + what, s[0], s[1], s[2], s[3],
                            (x, y, n, c, w) -> forward.resize(filter, antialias, x, y, n, s[0], s[1], c, s[2], s[3], w),
                            (dy, dx, n, c, w) -> kernels.resize(filter, antialias, dy, dx, n, s[0], s[1], c, s[2], s[3], w));
                }
            }
        }
    }

    @Test
    void means() {
        int[][] sizes = {{5, 7}, {8, 6}, {4, 4}};
        for (int[] s : sizes) {
            for (Window window : new Window[] {new Window(2, 2, 2, 2, 0, 0), new Window(3, 3, 2, 2, 1, 1),
                new Window(3, 2, 1, 3, 1, 0), new Window(1, 1, 2, 2, 0, 0)}) {
                for (boolean countPadding : new boolean[] {false, true}) {
                    transposed("mean " + window + " of " + s[0] + "x" + s[1], s[0], s[1], Pooling.rows(s[0], window),
                            Pooling.columns(s[1], window),
                            (x, y, n, c, w) -> forward.averagePool(x, y, n, s[0], s[1], c, window, countPadding, w),
                            (dy, dx, n, c, w) -> kernels.averagePool(dy, dx, n, s[0], s[1], c, window, countPadding, w));
                }
            }
            for (int[] out : new int[][] {{1, 1}, {3, 2}, {5, 7}}) {
                transposed("adaptive mean of " + s[0] + "x" + s[1], s[0], s[1], out[0], out[1],
                        (x, y, n, c, w) -> forward.adaptiveAveragePool(x, y, n, s[0], s[1], c, out[0], out[1], w),
                        (dy, dx, n, c, w) -> kernels.adaptiveAveragePool(dy, dx, n, s[0], s[1], c, out[0], out[1], w));
            }
        }
    }

    @Test
    void theFirstLargestNumberTakesTheGradient() {
        SplittableRandom random = new SplittableRandom(5);
        for (Window w : new Window[] {new Window(3, 3, 2, 2, 1, 1), new Window(2, 2, 2, 2, 0, 0),
            new Window(2, 3, 1, 1, 0, 1), new Window(5, 2, 3, 2, 2, 0)}) {
            for (int channels : CHANNELS) {
                int height = 37; // two borders between bands
                int width = 6;
                int rows = Pooling.rows(height, w);
                int columns = Pooling.columns(width, w);
                float[] a = new float[2 * height * width * channels];
                for (int i = 0; i < a.length; i++) {
                    int number = random.nextInt(12); // many are equal
                    a[i] = number == 0 ? Float.NaN : number < 4 ? Float.NEGATIVE_INFINITY : number % 4;
                }
                float[] up = random(2 * rows * columns * channels, 6);
                float[] expected = new float[a.length];
                for (int i = 0; i < up.length; i++) {
                    int c = i % channels;
                    int column = i / channels % columns;
                    int row = i / channels / columns % rows;
                    int image = i / channels / columns / rows;
                    int best = -1;
                    for (int y = Math.max(0, row * w.strideHeight() - w.padHeight());
                            y < Math.min(height, row * w.strideHeight() - w.padHeight() + w.kernelHeight()); y++) {
                        for (int x = Math.max(0, column * w.strideWidth() - w.padWidth());
                                x < Math.min(width, column * w.strideWidth() - w.padWidth() + w.kernelWidth()); x++) {
                            int at = ((image * height + y) * width + x) * channels + c;
                            if (best < 0 || a[at] > a[best] || Float.isNaN(a[at])) {
                                best = at;
                            }
                        }
                    }
                    expected[best] += up[i];
                }
                try (Guarded memory = new Guarded()) {
                    MemorySegment dx = memory.poisoned(4L * a.length);
                    kernels.maxPool(memory.of(a).address(), memory.of(up).address(), dx.address(), 2, height, width,
                            channels, w, WORKERS);
                    memory.check("max");
                    assertArrayEquals(expected, floats(dx), w + " " + channels);
                }
            }
        }
    }

    @Test
    void rowsOfATableAddUp() {
        SplittableRandom random = new SplittableRandom(8);
        for (int[] shape : new int[][] {{1, 1, 1}, {9, 4, 5}, {300, 7, 19}, {77, 5000, 64}, {2, 3, 20_000}}) {
            int rows = shape[0];
            int tableRows = shape[1];
            int columns = shape[2];
            int[] ids = random.ints(rows, 0, tableRows).toArray();
            ids[rows - 1] = tableRows - 1;
            float[] up = random(rows * columns, 9);
            double[] expected = new double[tableRows * columns];
            for (int i = 0; i < up.length; i++) {
                expected[ids[i / columns] * columns + i % columns] += up[i];
            }
            try (Guarded memory = new Guarded()) {
                MemorySegment names = ids(memory, ids);
                MemorySegment dy = memory.of(up);
                MemorySegment dTable = memory.poisoned(4L * expected.length);
                kernels.embedding(names.address(), dy.address(), dTable.address(), rows, tableRows, columns, WORKERS);
                memory.check("embedding");
                for (int i = 0; i < expected.length; i++) {
                    assertEquals((float) expected[i], dTable.getAtIndex(JAVA_FLOAT, i), "at " + i);
                }
                MemorySegment again = memory.poisoned(dTable.byteSize());
                kernels.embedding(names.address(), dy.address(), again.address(), rows, tableRows, columns, ONE);
                assertArrayEquals(floats(dTable), floats(again), "on one thread");
                for (int wrong : new int[] {tableRows, -1}) {
                    names.set(JAVA_INT, 0, wrong);
                    MemorySegment untouched = memory.poisoned(dTable.byteSize());
                    assertTrue(assertThrows(IndexOutOfBoundsException.class, () -> kernels.embedding(names.address(),
                            dy.address(), untouched.address(), rows, tableRows, columns, ONE)).getMessage()
                            .contains("id " + wrong + " at position 0"));
                    assertTrue(Guarded.isUntouched(untouched.getAtIndex(JAVA_FLOAT, 0)));
                }
            }
        }
    }

    @Test
    void oneRowOfEachSample() {
        for (int columns : new int[] {1, 5, 768}) {
            try (Guarded memory = new Guarded()) {
                int length = 77;
                float[] up = random(3 * columns, 10);
                MemorySegment positions = ids(memory, 76, 0, 13);
                MemorySegment dx = memory.poisoned(4L * 3 * length * columns);
                kernels.gatherRows(positions.address(), memory.of(up).address(), dx.address(), 3, length, columns, WORKERS);
                memory.check("rows");
                float[] expected = new float[3 * length * columns];
                System.arraycopy(up, 0, expected, 76 * columns, columns);
                System.arraycopy(up, columns, expected, length * columns, columns);
                System.arraycopy(up, 2 * columns, expected, (2 * length + 13) * columns, columns);
                assertArrayEquals(expected, floats(dx));
                assertThrows(IndexOutOfBoundsException.class, () -> kernels.gatherRows(ids(memory, 1, 77, 2).address(),
                        dx.address(), dx.address(), 3, length, columns, WORKERS));
            }
        }
    }

    @Test
    void pixelsSpreadApart() {
        int height = 3;
        int width = 4;
        for (int[] s : new int[][] {{2, 2, 6, 8}, {2, 2, 5, 7}, {1, 1, 3, 4}, {1, 1, 5, 6}, {3, 1, 9, 4}, {1, 2, 3, 9}}) {
            for (int channels : CHANNELS) {
                try (Guarded memory = new Guarded()) {
                    float[] up = random(2 * height * width * channels, 11);
                    MemorySegment dy = memory.of(up);
                    MemorySegment dx = memory.poisoned(4L * 2 * s[2] * s[3] * channels);
                    kernels.dilate(dy.address(), dx.address(), 2, height, width, s[0], s[1], channels, s[2], s[3], WORKERS);
                    memory.check("dilate");
                    float[] expected = new float[2 * s[2] * s[3] * channels];
                    for (int i = 0; i < up.length; i++) {
                        int column = i / channels % width * s[1];
                        int row = i / channels / width % height * s[0];
                        int image = i / channels / width / height;
                        expected[((image * s[2] + row) * s[3] + column) * channels + i % channels] = up[i];
                    }
                    assertArrayEquals(expected, floats(dx), "strides " + s[0] + " " + s[1]);
                    assertThrows(IllegalArgumentException.class, () -> kernels.dilate(dy.address(), dx.address(), 2,
                            height, width, s[0], s[1], channels, (height - 1) * s[0], s[3], WORKERS));
                }
            }
        }
    }
}
