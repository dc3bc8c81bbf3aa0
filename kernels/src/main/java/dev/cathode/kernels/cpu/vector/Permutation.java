package dev.cathode.kernels.cpu.vector;

import java.util.ArrayList;
import java.util.List;

/// A permutation of axes in its simplest form: axes of size 1 are gone, and axes that stay neighbours are one.
///
/// @param shape sizes of the source's axes
/// @param axes which source axis stands at each place of the result
record Permutation(int[] shape, int[] axes) {
    static Permutation of(int[] shape, int[] axes) {
        List<int[]> runs = new ArrayList<>(); // first source axis, last source axis
        for (int axis : axes) {
            if (shape[axis] == 1) {
                continue;
            }
            if (!runs.isEmpty() && follows(shape, runs.getLast()[1], axis)) {
                runs.getLast()[1] = axis;
            } else {
                runs.add(new int[] {axis, axis});
            }
        }
        if (runs.isEmpty()) {
            return new Permutation(new int[] {1}, new int[] {0});
        }
        List<int[]> inSource = runs.stream().sorted((a, b) -> Integer.compare(a[0], b[0])).toList();
        int[] sizes = new int[runs.size()];
        int[] order = new int[runs.size()];
        for (int i = 0; i < sizes.length; i++) {
            sizes[i] = 1;
            for (int axis = inSource.get(i)[0]; axis <= inSource.get(i)[1]; axis++) {
                sizes[i] *= shape[axis];
            }
            order[i] = inSource.indexOf(runs.get(i));
        }
        return new Permutation(sizes, order);
    }

    /// Whether `next` comes right after `axis` in the source, but for axes of size 1.
    private static boolean follows(int[] shape, int axis, int next) {
        for (int between = axis + 1; between < next; between++) {
            if (shape[between] != 1) {
                return false;
            }
        }
        return next > axis;
    }

    /// Elements from one index of a source axis to the next.
    long[] strides() {
        long[] strides = new long[shape.length];
        long stride = 1;
        for (int axis = shape.length - 1; axis >= 0; axis--) {
            strides[axis] = stride;
            stride *= shape[axis];
        }
        return strides;
    }
}
