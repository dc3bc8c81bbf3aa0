package dev.cathode.kernels.cuda.dnn;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;

/// `cudnnBackendDescriptor_t`: a tensor, an operation, a graph of them, an engine, a plan. Attributes are set, the
/// descriptor is finalized, then others may refer to it and its computed attributes may be read.
///
/// Kinds and attributes go by their numbers in `cudnn_graph_v9.h`.
public final class BackendDescriptor implements AutoCloseable {
    /// The type of an attribute (`cudnnBackendAttributeType_t`) whose value is one or more C ints or enums.
    public enum Type {
        /// cudnnDataType_t
        DATA_TYPE(1, Integer.BYTES),
        /// bool
        BOOLEAN(2, 1),
        /// int64_t
        INT64(3, Long.BYTES),
        /// float
        FLOAT(4, Float.BYTES),
        /// double
        DOUBLE(5, Double.BYTES),
        /// void*
        POINTER(6, Long.BYTES),
        /// cudnnConvolutionMode_t
        CONVOLUTION_MODE(7, Integer.BYTES),
        /// cudnnBackendHeurMode_t
        HEURISTIC_MODE(8, Integer.BYTES),
        /// cudnnBackendNumericalNote_t
        NUMERICAL_NOTE(11, Integer.BYTES),
        /// cudnnPointwiseMode_t
        POINTWISE_MODE(14, Integer.BYTES),
        /// cudnnBackendDescriptor_t
        DESCRIPTOR(15, Long.BYTES),
        /// cudnnReduceTensorOp_t
        REDUCTION(18, Integer.BYTES),
        /// int32_t
        INT32(23, Integer.BYTES),
        /// char
        CHAR(24, 1);

        private final int code;
        private final int bytes;

        Type(int code, int bytes) {
            this.code = code;
            this.bytes = bytes;
        }
    }

    private final Cudnn library;
    private final int kind;
    private final MemorySegment address;

    /// @param kind `cudnnBackendDescriptorType_t`
    public BackendDescriptor(Cudnn library, int kind) {
        this.library = library;
        this.kind = kind;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ADDRESS);
            library.run("cudnnBackendCreateDescriptor(" + kind + ")",
                    () -> (int) library.createDescriptor.invokeExact(kind, out));
            address = out.get(ADDRESS, 0);
        }
    }

    MemorySegment address() {
        return address;
    }

    /// Sets an attribute of C ints or enums.
    public BackendDescriptor ints(int attribute, Type type, int... values) {
        try (Arena arena = Arena.ofConfined()) {
            return set(attribute, type, arena.allocateFrom(JAVA_INT, values));
        }
    }

    /// Sets an attribute of INT64.
    public BackendDescriptor longs(int attribute, long... values) {
        try (Arena arena = Arena.ofConfined()) {
            return set(attribute, Type.INT64, arena.allocateFrom(JAVA_LONG, values));
        }
    }

    /// Sets an attribute of FLOAT.
    public BackendDescriptor floats(int attribute, float... values) {
        try (Arena arena = Arena.ofConfined()) {
            return set(attribute, Type.FLOAT, arena.allocateFrom(JAVA_FLOAT, values));
        }
    }

    /// Sets an attribute of DOUBLE.
    public BackendDescriptor doubles(int attribute, double... values) {
        try (Arena arena = Arena.ofConfined()) {
            return set(attribute, Type.DOUBLE, arena.allocateFrom(JAVA_DOUBLE, values));
        }
    }

    /// Sets an attribute of BOOLEAN.
    public BackendDescriptor flag(int attribute, boolean value) {
        try (Arena arena = Arena.ofConfined()) {
            return set(attribute, Type.BOOLEAN, arena.allocateFrom(JAVA_BYTE, (byte) (value ? 1 : 0)));
        }
    }

    /// Sets an attribute of addresses on the device.
    public BackendDescriptor pointers(int attribute, long... values) {
        try (Arena arena = Arena.ofConfined()) {
            return set(attribute, Type.POINTER, arena.allocateFrom(JAVA_LONG, values));
        }
    }

    /// Sets an attribute of other descriptors, which must be finalized.
    public BackendDescriptor descriptors(int attribute, BackendDescriptor... values) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment list = arena.allocate(ADDRESS, values.length);
            for (int i = 0; i < values.length; i++) {
                list.setAtIndex(ADDRESS, i, values[i].address);
            }
            return set(attribute, Type.DESCRIPTOR, list);
        }
    }

    /// Sets an attribute of CHAR.
    public BackendDescriptor text(int attribute, String value) {
        try (Arena arena = Arena.ofConfined()) {
            byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
            return set(attribute, Type.CHAR, arena.allocateFrom(JAVA_BYTE, bytes));
        }
    }

    /// Sets the attribute that holds the library in use.
    public BackendDescriptor handle(int attribute, Cudnn.Handle handle) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = arena.allocateFrom(ADDRESS, handle.address());
            int handles = 0; // CUDNN_TYPE_HANDLE
            library.run(call("SetAttribute", attribute),
                    () -> (int) library.setAttribute.invokeExact(address, attribute, handles, 1L, value));
            return this;
        }
    }

    private BackendDescriptor set(int attribute, Type type, MemorySegment values) {
        long count = values.byteSize() / type.bytes;
        library.run(call("SetAttribute", attribute),
                () -> (int) library.setAttribute.invokeExact(address, attribute, type.code, count, values));
        return this;
    }

    /// Ends the setting of attributes; the library checks them here.
    ///
    /// @throws dev.cathode.kernels.cuda.library.CudaException if they do not fit, or no engine can do it (codes 3000 to
    ///         3999)
    public BackendDescriptor finish() {
        library.run("cudnnBackendFinalize(" + kind + ")", () -> (int) library.finalizeDescriptor.invokeExact(address));
        return this;
    }

    /// Reads an attribute of INT64.
    ///
    /// @param most how many values there may be
    public long[] readLongs(int attribute, int most) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment values = arena.allocate(JAVA_LONG, most);
            long count = get(attribute, Type.INT64, values);
            return values.asSlice(0, Math.min(count, most) * Long.BYTES).toArray(JAVA_LONG);
        }
    }

    /// Reads an attribute of C ints or enums.
    ///
    /// @param most how many values there may be
    public int[] readInts(int attribute, Type type, int most) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment values = arena.allocate(JAVA_INT, most);
            long count = get(attribute, type, values);
            return values.asSlice(0, Math.min(count, most) * Integer.BYTES).toArray(JAVA_INT);
        }
    }

    /// Reads an attribute of CHAR.
    public String readText(int attribute) {
        try (Arena arena = Arena.ofConfined()) {
            long bytes = get(attribute, Type.CHAR, MemorySegment.NULL);
            MemorySegment values = arena.allocate(Math.max(1, bytes));
            get(attribute, Type.CHAR, values);
            byte[] text = values.toArray(JAVA_BYTE);
            int end = 0;
            while (end < text.length && text[end] != 0) {
                end++;
            }
            return new String(text, 0, end, StandardCharsets.UTF_8);
        }
    }

    /// Lets the library fill descriptors of this one, such as the engines that heuristics suggest.
    ///
    /// @param into empty descriptors of the right kind
    /// @return how many were filled
    public int fill(int attribute, BackendDescriptor... into) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment list = arena.allocate(ADDRESS, Math.max(1, into.length));
            for (int i = 0; i < into.length; i++) {
                list.setAtIndex(ADDRESS, i, into[i].address);
            }
            return (int) Math.min(into.length, get(attribute, Type.DESCRIPTOR, list));
        }
    }

    /// How many values an attribute has.
    public long count(int attribute, Type type) {
        return get(attribute, type, MemorySegment.NULL);
    }

    private long get(int attribute, Type type, MemorySegment values) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment count = arena.allocate(JAVA_LONG);
            long room = values.byteSize() / type.bytes;
            library.run(call("GetAttribute", attribute), () -> (int) library.getAttribute.invokeExact(address,
                    attribute, type.code, room, count, values));
            return count.get(JAVA_LONG, 0);
        }
    }

    private String call(String what, int attribute) {
        return "cudnnBackend" + what + "(" + kind + ", " + attribute + ")";
    }

    @Override
    public void close() {
        library.run("cudnnBackendDestroyDescriptor(" + kind + ")",
                () -> (int) library.destroyDescriptor.invokeExact(address));
    }
}
