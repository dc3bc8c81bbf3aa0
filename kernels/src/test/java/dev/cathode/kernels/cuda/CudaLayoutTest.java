package dev.cathode.kernels.cuda;

import java.util.Arrays;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CudaLayoutTest extends ShimTest {
    private static float[] counted(Element element, int count) {
        float[] x = new float[count];
        for (int i = 0; i < count; i++) { // few bits: every type holds them
            x[i] = (i % 15 + 1) * (i % 2 == 0 ? 1 : -1) * (float) Math.pow(2, i / 15 % 20 - 10);
        }
        return x;
    }

    @ParameterizedTest
    @EnumSource
    void permutations(Element element) {
        var kernels = new CudaLayout(device, element);
        int[][][] cases = {{{7}, {0}}, {{3, 5}, {1, 0}}, {{40, 33}, {1, 0}}, {{2, 65, 9}, {0, 2, 1}},
            {{2, 17, 3, 40}, {0, 2, 1, 3}}, {{2, 5, 4, 6}, {0, 2, 1, 3}}, {{3, 4, 5, 2, 7}, {4, 2, 0, 3, 1}},
            {{2, 3, 4, 5, 2}, {0, 4, 2, 3, 1}}, {{1, 8, 1, 16}, {2, 3, 0, 1}}, {{2, 3, 16}, {1, 0, 2}}};
        for (int[][] test : cases) {
            int[] shape = test[0];
            int[] axes = test[1];
            int count = Arrays.stream(shape).reduce(1, (a, b) -> a * b);
            float[] x = counted(element, count);
            float[] expected = new float[count];
            int[] place = new int[shape.length];
            for (int i = 0; i < count; i++) { // place counts through the result
                int from = 0;
                for (int axis = 0; axis < shape.length; axis++) {
                    int inResult = Arrays.stream(axes).boxed().toList().indexOf(axis);
                    from = from * shape[axis] + place[inResult];
                }
                expected[i] = x[from];
                for (int axis = shape.length - 1; axis >= 0 && ++place[axis] == shape[axes[axis]]; axis--) {
                    place[axis] = 0;
                }
            }
            long y = device.allocate((long) count * element.bytes());
            long in = device.upload(element, x);
            launch(y, (long) count * element.bytes(), () -> kernels.permute(in, shape, axes, y));
            checkExact("permute", element, Arrays.toString(shape) + Arrays.toString(axes), expected, y);
        }
    }

    @ParameterizedTest
    @EnumSource
    void rows(Element element) {
        var kernels = new CudaLayout(device, element);
        for (int[] test : new int[][] {{1, 1, 0, 1}, {5, 3, 2, 11}, {7, 16, 8, 40}, {300, 8, 8, 24}, {4, 33, 0, 33}}) {
            int rows = test[0];
            int columns = test[1];
            int start = test[2];
            int size = test[3];
            float[] whole = counted(element, rows * size);
            float[] part = new float[rows * columns];
            float[] placed = new float[rows * size];
            float[] concatenated = whole.clone();
            for (int i = 0; i < part.length; i++) {
                int at = i / columns * size + start + i % columns;
                part[i] = whole[at];
                placed[at] = whole[at];
                concatenated[at] = -part[i];
            }
            String name = Arrays.toString(test);
            long in = device.upload(element, whole);
            long slice = device.allocate((long) part.length * element.bytes());
            kernels.copy(in + (long) start * element.bytes(), size, slice, columns, rows, columns);
            checkExact("slice", element, name, part, slice);
            long back = device.allocate((long) whole.length * element.bytes());
            kernels.place(slice, back, rows, columns, start, size);
            checkExact("place", element, name, placed, back);
            for (int i = 0; i < part.length; i++) {
                part[i] = -part[i];
            }
            kernels.copy(device.upload(element, part), columns, in + (long) start * element.bytes(), size, rows,
                    columns);
            checkExact("concatenate", element, name, concatenated, in);
        }
    }

    @ParameterizedTest
    @EnumSource
    void dilation(Element element) {
        for (int[] test : new int[][] {{1, 1, 1, 1, 2, 2, 1, 1}, {2, 3, 4, 5, 2, 3, 6, 10},
            {1, 4, 4, 16, 2, 2, 8, 7}}) {
            int height = test[1];
            int width = test[2];
            int channels = test[3];
            float[] x = counted(element, test[0] * height * width * channels);
            float[] expected = new float[test[0] * test[6] * test[7] * channels];
            for (int i = 0; i < x.length; i++) {
                int pixel = i / channels;
                int row = pixel / width % height * test[4];
                int n = pixel / width / height;
                expected[((n * test[6] + row) * test[7] + pixel % width * test[5]) * channels + i % channels] = x[i];
            }
            long y = device.allocate((long) expected.length * element.bytes());
            new CudaLayout(device, element).dilate(device.upload(element, x), y, test[0], height, width, channels,
                    test[4], test[5], test[6], test[7]);
            checkExact("dilate", element, Arrays.toString(test), expected, y);
        }
    }
}
