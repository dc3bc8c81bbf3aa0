package dev.cathode.engine.graph;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// The size of each axis of a value; no axes for a scalar.
///
/// @param dims sizes, outermost axis first, each at least 1
public record Shape(List<Integer> dims) {
    /// Checks and copies.
    public Shape {
        dims = List.copyOf(dims);
        for (int dim : dims) {
            if (dim < 1) {
                throw new IllegalArgumentException("an axis must have at least one element: " + dims);
            }
        }
    }

    /// A shape of these sizes.
    public static Shape of(int... dims) {
        return new Shape(Arrays.stream(dims).boxed().toList());
    }

    /// Number of axes.
    public int rank() {
        return dims.size();
    }

    /// Size of an axis; negative numbers count from the end, -1 is the last.
    public int dim(int axis) {
        return dims.get(axis < 0 ? dims.size() + axis : axis);
    }

    /// Size of the last axis, the channels of images and rows.
    public int last() {
        return dim(-1);
    }

    /// Number of elements.
    public long count() {
        long count = 1;
        for (int dim : dims) {
            count = Math.multiplyExact(count, (long) dim);
        }
        return count;
    }

    /// Number of elements, where it must fit a Java array.
    ///
    /// @throws ArithmeticException if it does not
    public int intCount() {
        return Math.toIntExact(count());
    }

    /// Product of the axes from `from` (included) to `to` (excluded).
    public int product(int from, int to) {
        int product = 1;
        for (int dim : dims.subList(from, to)) {
            product = Math.multiplyExact(product, dim);
        }
        return product;
    }

    /// Product of all axes but the last: the rows of the value seen as a matrix.
    public int rows() {
        return product(0, rank() - 1);
    }

    /// The same shape with another size of one axis (negative numbers count from the end).
    public Shape with(int axis, int size) {
        var changed = new ArrayList<>(dims);
        changed.set(axis < 0 ? dims.size() + axis : axis, size);
        return new Shape(changed);
    }

    /// The sizes that PyTorch gives a parameter of this shape: filters `[O, KH, KW, I]` are `[O, I, KH, KW]` there.
    public List<Long> torch() {
        List<Long> sizes = dims.stream().map(Integer::longValue).toList();
        return rank() == 4 ? List.of(sizes.get(0), sizes.get(3), sizes.get(1), sizes.get(2)) : sizes;
    }

    /// The sizes as an array.
    public int[] toArray() {
        return dims.stream().mapToInt(Integer::intValue).toArray();
    }

    @Override
    public String toString() {
        return dims.toString();
    }
}
