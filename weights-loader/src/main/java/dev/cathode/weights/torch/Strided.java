package dev.cathode.weights.torch;

import dev.cathode.weights.DType;
import dev.cathode.weights.FileTensor;
import dev.cathode.weights.file.MappedFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.function.Supplier;

/// A tensor as a view of its storage, checked: every element lies inside.
///
/// @param storage the bytes of the whole storage
/// @param offset the first element
/// @param count number of elements
record Strided(String name, DType dtype, List<Long> shape, List<Long> strides, MemorySegment storage, long offset,
        long count) implements Supplier<FileTensor> {
    /// How much memory a view may take that repeats elements of a smaller storage (stride 0).
    private static final long MAX_REPEATED_BYTES = 64 << 20;

    /// Checks a pickled tensor against its storage.
    static Strided of(MappedFile file, String name, Pickled.Tensor tensor, Container container) {
        MemorySegment storage = container.bytes(tensor.storage());
        long elements = tensor.storage().count();
        List<Long> shape = tensor.shape();
        List<Long> strides = tensor.strides();
        if (shape.size() != strides.size() || tensor.offset() < 0 || shape.stream().anyMatch(size -> size < 0)
                || strides.stream().anyMatch(stride -> stride < 0)) {
            throw file.error(name, "shape " + shape + ", strides " + strides + " and offset " + tensor.offset()
                    + " make no sense");
        }
        DType dtype = tensor.storage().dtype();
        try {
            long count = shape.stream().reduce(1L, Math::multiplyExact);
            long last = tensor.offset();
            for (int axis = 0; axis < shape.size() && count > 0; axis++) {
                last = Math.addExact(last, Math.multiplyExact(shape.get(axis) - 1, strides.get(axis)));
            }
            if (count > 0 ? last >= elements : tensor.offset() > elements) {
                throw file.error(name, "of shape " + shape + " at offset " + tensor.offset() + " passes the end of its "
                        + elements + " stored elements");
            }
            if (count > elements && Math.multiplyExact(count, dtype.bytes()) > MAX_REPEATED_BYTES) {
                throw file.error(name, "of shape " + shape + " repeats a storage of only " + elements + " elements");
            }
            return new Strided(name, dtype, shape, strides, storage, tensor.offset(), count);
        } catch (ArithmeticException e) {
            throw file.error(name, "of shape " + shape + " and strides " + strides + " has more than 2^63 bytes");
        }
    }

    /// Whether the elements lie next to each other in row-major order.
    boolean isContiguous() {
        long expected = 1;
        for (int axis = shape.size() - 1; axis >= 0; axis--) {
            if (shape.get(axis) != 1 && strides.get(axis) != expected) {
                return count == 0;
            }
            expected *= shape.get(axis);
        }
        return true;
    }

    /// The tensor: a part of the file where possible, else a copy that is freed when no longer referenced.
    @Override
    public FileTensor get() {
        long width = dtype.bytes();
        if (isContiguous()) {
            return new FileTensor(name, dtype, shape, storage.asSlice(offset * width, count * width));
        }
        MemorySegment copy = Arena.ofAuto().allocate(count * width, Long.BYTES);
        copyAxis(copy, 0, 0, offset);
        return new FileTensor(name, dtype, shape, copy.asReadOnly());
    }

    /// Copies the part of the tensor that the leading indices select; returns the next element to write.
    private long copyAxis(MemorySegment to, int axis, long written, long from) {
        long width = dtype.bytes();
        if (axis == shape.size()) {
            MemorySegment.copy(storage, from * width, to, written * width, width);
            return written + 1;
        }
        if (axis == shape.size() - 1 && strides.get(axis) == 1) {
            MemorySegment.copy(storage, from * width, to, written * width, shape.get(axis) * width);
            return written + shape.get(axis);
        }
        long next = written;
        for (long i = 0; i < shape.get(axis); i++) {
            next = copyAxis(to, axis + 1, next, from + i * strides.get(axis));
        }
        return next;
    }
}
