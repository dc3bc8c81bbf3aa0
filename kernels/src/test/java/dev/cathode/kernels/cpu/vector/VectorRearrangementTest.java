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
import dev.cathode.kernels.cpu.WeightStorage;
import dev.cathode.kernels.cpu.Workers;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

class VectorRearrangementTest {
    private static final Workers WORKERS = new Workers(3);
    private final VectorRearrangement kernels = new VectorRearrangement(Conversions.vector());

    @AfterAll
    static void close() {
        WORKERS.close();
    }

    private static float[] counted(int count) {
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = i;
        }
        return numbers;
    }

    @Test
    void copiesRowsBetweenStrides() {
        try (Guarded memory = new Guarded()) {
            MemorySegment x = memory.of(counted(7 * 9));
            MemorySegment y = memory.poisoned(4 * 7 * 11);
            kernels.copy(x.address(), 9, y.address() + 8, 11, 7, 5, WORKERS);
            memory.check("copy");
            for (int i = 0; i < 7 * 11; i++) {
                int row = i / 11;
                int column = i % 11 - 2;
                float actual = y.getAtIndex(JAVA_FLOAT, i);
                assertTrue(column >= 0 && column < 5 ? actual == row * 9 + column : Guarded.isUntouched(actual), "at " + i);
            }
        }
    }

    @Test
    void everyOrderOfAxes() {
        int[][] shapes = {{5}, {3, 4}, {2, 17, 33}, {2, 3, 18, 5}, {1, 40, 1, 35}, {2, 3, 1, 4, 2}};
        for (int[] shape : shapes) {
            permutations(new int[shape.length], 0, new boolean[shape.length], axes -> permute(shape, axes.clone()));
        }
    }

    private static void permutations(int[] axes, int at, boolean[] used, java.util.function.Consumer<int[]> visit) {
        if (at == axes.length) {
            visit.accept(axes);
            return;
        }
        for (int axis = 0; axis < axes.length; axis++) {
            if (!used[axis]) {
                used[axis] = true;
                axes[at] = axis;
                permutations(axes, at + 1, used, visit);
                used[axis] = false;
            }
        }
    }

    private void permute(int[] shape, int[] axes) {
        int count = Arrays.stream(shape).reduce(1, (a, b) -> a * b);
        try (Guarded memory = new Guarded()) {
            MemorySegment x = memory.of(counted(count));
            MemorySegment y = memory.poisoned(4L * count);
            kernels.permute(x.address(), shape, axes, y.address(), WORKERS);
            memory.check("permute");
            for (int i = 0; i < count; i++) {
                int rest = i;
                int[] index = new int[shape.length];
                for (int axis = shape.length - 1; axis >= 0; axis--) {
                    index[axes[axis]] = rest % shape[axes[axis]];
                    rest /= shape[axes[axis]];
                }
                int from = 0;
                for (int axis = 0; axis < shape.length; axis++) {
                    from = from * shape[axis] + index[axis];
                }
                assertEquals(from, y.getAtIndex(JAVA_FLOAT, i), Arrays.toString(shape) + Arrays.toString(axes));
            }
        }
    }

    @Test
    void rowsOfATable() {
        try (Guarded memory = new Guarded()) {
            MemorySegment table = memory.of(counted(6 * 19));
            MemorySegment ids = memory.poisoned(12);
            ids.copyFrom(MemorySegment.ofArray(new int[] {5, 0, 3}));
            MemorySegment y = memory.poisoned(4 * 3 * 19);
            kernels.embedding(table.address(), WeightStorage.F32, 6, 19, ids.address(), y.address(), 3, WORKERS);
            memory.check("embedding");
            assertEquals(5 * 19, y.getAtIndex(JAVA_FLOAT, 0));
            assertEquals(4 * 19 - 1, y.getAtIndex(JAVA_FLOAT, 3 * 19 - 1));
            ids.setAtIndex(JAVA_INT, 1, 6);
            assertTrue(assertThrows(IndexOutOfBoundsException.class, () -> kernels.embedding(table.address(),
                    WeightStorage.F32, 6, 19, ids.address(), y.address(), 3, WORKERS)).getMessage().contains("6"));
        }
    }

    @Test
    void oneRowOfEachSample() {
        try (Guarded memory = new Guarded()) {
            MemorySegment x = memory.of(counted(2 * 3 * 5));
            MemorySegment positions = memory.poisoned(8);
            positions.copyFrom(MemorySegment.ofArray(new int[] {2, 0}));
            MemorySegment y = memory.poisoned(4 * 10);
            kernels.gatherRows(x.address(), positions.address(), y.address(), 2, 3, 5, WORKERS);
            memory.check("gather");
            assertArrayEquals(new float[] {10, 11, 12, 13, 14, 15, 16, 17, 18, 19}, y.toArray(JAVA_FLOAT_UNALIGNED));
            positions.setAtIndex(JAVA_INT, 0, -1);
            assertThrows(IndexOutOfBoundsException.class,
                    () -> kernels.gatherRows(x.address(), positions.address(), y.address(), 2, 3, 5, WORKERS));
        }
    }

    @Test
    void nearestNeighbours() {
        try (Guarded memory = new Guarded()) {
            MemorySegment x = memory.of(counted(2 * 3 * 4 * 5));
            MemorySegment y = memory.poisoned(4 * 2 * 7 * 9 * 5);
            kernels.resizeNearest(x.address(), y.address(), 2, 3, 4, 7, 9, 5, WORKERS);
            memory.check("resize");
            for (int i = 0; i < 2 * 7 * 9 * 5; i++) {
                int c = i % 5;
                int column = i / 5 % 9 * 4 / 9;
                int row = i / 45 % 7 * 3 / 7;
                assertEquals(((i / 315 * 3 + row) * 4 + column) * 5 + c, y.getAtIndex(JAVA_FLOAT, i));
            }
        }
    }

    @Test
    void poolsOverWindows() {
        Window window = new Window(3, 3, 2, 2, 1, 1);
        int channels = 21;
        try (Guarded memory = new Guarded()) {
            MemorySegment x = memory.of(counted(2 * 5 * 6 * channels));
            int rows = 3;
            int columns = 3;
            MemorySegment max = memory.poisoned(4L * 2 * rows * columns * channels);
            MemorySegment mean = memory.poisoned(max.byteSize());
            MemorySegment padded = memory.poisoned(max.byteSize());
            kernels.maxPool(x.address(), max.address(), 2, 5, 6, channels, window, WORKERS);
            kernels.averagePool(x.address(), mean.address(), 2, 5, 6, channels, window, false, WORKERS);
            kernels.averagePool(x.address(), padded.address(), 2, 5, 6, channels, window, true, WORKERS);
            memory.check("pool");
            for (int i = 0; i < 2 * rows * columns * channels; i++) {
                int c = i % channels;
                int column = i / channels % columns;
                int row = i / channels / columns % rows;
                int image = i / channels / columns / rows;
                float largest = Float.NEGATIVE_INFINITY;
                double sum = 0;
                int inside = 0;
                for (int r = Math.max(0, row * 2 - 1); r < Math.min(5, row * 2 + 2); r++) {
                    for (int s = Math.max(0, column * 2 - 1); s < Math.min(6, column * 2 + 2); s++) {
                        float v = ((image * 5 + r) * 6 + s) * channels + c;
                        largest = Math.max(largest, v);
                        sum += v;
                        inside++;
                    }
                }
                assertEquals(largest, max.getAtIndex(JAVA_FLOAT, i));
                assertEquals(sum / inside, mean.getAtIndex(JAVA_FLOAT, i), 1e-6 * sum);
                assertEquals(sum / 9, padded.getAtIndex(JAVA_FLOAT, i), 1e-6 * sum);
            }
        }
    }

    @Test
    void adaptivePoolingCoversTheImage() {
        try (Guarded memory = new Guarded()) {
            MemorySegment x = memory.of(counted(7 * 5 * 3));
            MemorySegment y = memory.poisoned(4 * 3);
            kernels.adaptiveAveragePool(x.address(), y.address(), 1, 7, 5, 3, 1, 1, WORKERS);
            assertEquals(17 * 3 + 1, y.getAtIndex(JAVA_FLOAT, 1), 1e-4);
            MemorySegment same = memory.poisoned(4 * 7 * 5 * 3);
            kernels.adaptiveAveragePool(x.address(), same.address(), 1, 7, 5, 3, 7, 5, WORKERS);
            memory.check("adaptive pool");
            assertArrayEquals(counted(7 * 5 * 3), same.toArray(JAVA_FLOAT_UNALIGNED));
        }
    }

    @Test
    void smoothResizesKeepStraightLines() {
        for (Filter filter : Filter.values()) {
            for (boolean antialias : new boolean[] {false, true}) {
                try (Guarded memory = new Guarded()) {
                    float[] ramp = new float[16 * 16 * 2];
                    for (int i = 0; i < ramp.length; i++) {
                        ramp[i] = i % 2 == 0 ? i / 2 % 16 : i / 32;
                    }
                    MemorySegment x = memory.of(ramp);
                    MemorySegment y = memory.poisoned(4 * 8 * 32 * 2);
                    kernels.resize(filter, antialias, x.address(), y.address(), 1, 16, 16, 2, 8, 32, WORKERS);
                    memory.check("resize");
                    for (int row = 2; row < 6; row++) {
                        for (int column = 6; column < 26; column++) { // away from the border, where the filter ends
                            int at = (row * 32 + column) * 2;
                            String label = filter + " " + antialias + " " + row + " " + column;
                            assertEquals((column + 0.5) / 2 - 0.5, y.getAtIndex(JAVA_FLOAT, at),
                                    filter == Filter.BICUBIC && !antialias ? 0.05 : 1e-5, label);
                            assertEquals((row + 0.5) * 2 - 0.5, y.getAtIndex(JAVA_FLOAT, at + 1), 1e-5, label);
                        }
                    }
                }
            }
        }
    }

    @Test
    void sinusoidsOfTimesteps() {
        try (Guarded memory = new Guarded()) {
            MemorySegment t = memory.of(new float[] {0, 999.5f});
            MemorySegment y = memory.poisoned(4 * 2 * 9);
            kernels.sinusoid(t.address(), y.address(), 2, 9, true, 0, 10_000);
            memory.check("sinusoid");
            assertEquals(1, y.getAtIndex(JAVA_FLOAT, 0), "cosine of 0");
            assertEquals((float) Math.cos(999.5 * Math.pow(10_000, -0.25)), y.getAtIndex(JAVA_FLOAT, 10), 1e-6);
            assertEquals((float) Math.sin(999.5), y.getAtIndex(JAVA_FLOAT, 9 + 4), 1e-6);
            assertEquals(0, y.getAtIndex(JAVA_FLOAT, 17), "an odd column stays 0");
        }
    }
}
