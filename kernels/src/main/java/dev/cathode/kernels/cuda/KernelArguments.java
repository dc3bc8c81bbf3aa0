package dev.cathode.kernels.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/// The arguments of one launch, in the order of the kernel's parameters, as `cuLaunchKernel` takes them.
public final class KernelArguments {
    /// The type of a parameter in CUDA C++.
    public enum Kind {
        /// a pointer to memory of the device
        POINTER,
        /// int
        INT32,
        /// long long
        INT64,
        /// float
        FLOAT32,
        /// double
        FLOAT64
    }

    /// One argument.
    ///
    /// @param kind the parameter's type
    /// @param bits its value; of a type of four bytes, the lower half
    public record Argument(Kind kind, long bits) { }

    private final List<Argument> list = new ArrayList<>();

    /// None yet.
    public KernelArguments() { }

    /// Adds an address on the device.
    public KernelArguments pointer(long address) {
        return add(Kind.POINTER, address);
    }

    /// Adds an int.
    public KernelArguments int32(int number) {
        return add(Kind.INT32, number & 0xffffffffL);
    }

    /// Adds a long long.
    public KernelArguments int64(long number) {
        return add(Kind.INT64, number);
    }

    /// Adds a float.
    public KernelArguments float32(float number) {
        return add(Kind.FLOAT32, Float.floatToRawIntBits(number) & 0xffffffffL);
    }

    /// Adds a double.
    public KernelArguments float64(double number) {
        return add(Kind.FLOAT64, Double.doubleToRawLongBits(number));
    }

    private KernelArguments add(Kind kind, long bits) {
        list.add(new Argument(kind, bits));
        return this;
    }

    /// All of them, in order.
    public List<Argument> list() {
        return Collections.unmodifiableList(list);
    }

    /// What `cuLaunchKernel`'s `kernelParams` points to: an array of pointers, one to each argument. The driver reads
    /// it during the call only.
    ///
    /// @param allocator of the array and of the arguments themselves, 16 bytes each argument together
    public MemorySegment pack(SegmentAllocator allocator) {
        int count = Math.max(1, list.size());
        MemorySegment values = allocator.allocate(JAVA_LONG, count);
        MemorySegment pointers = allocator.allocate(ADDRESS, count);
        for (int i = 0; i < list.size(); i++) {
            values.setAtIndex(JAVA_LONG, i, list.get(i).bits()); // little endian: the lower half comes first
            pointers.setAtIndex(ADDRESS, i, values.asSlice(8L * i, 8));
        }
        return pointers;
    }
}
