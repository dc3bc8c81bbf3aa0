package dev.cathode.kernels.cuda.blas;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.cathode.kernels.cuda.library.Downcalls;
import dev.cathode.kernels.cuda.library.Functions;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/// `libcublasLt`. Descriptors can be made without a GPU; a [Handle] cannot.
public final class CublasLt {
    final MethodHandle matmul;
    final MethodHandle heuristic;
    final MethodHandle check;
    private final MethodHandle statusName;
    private final MethodHandle statusString;
    private final MethodHandle create;
    private final MethodHandle destroy;
    private final MethodHandle operationCreate;
    private final MethodHandle operationDestroy;
    private final MethodHandle operationSet;
    private final MethodHandle operationGet;
    private final MethodHandle layoutCreate;
    private final MethodHandle layoutDestroy;
    private final MethodHandle layoutSet;
    private final MethodHandle layoutGet;
    private final MethodHandle preferenceCreate;
    private final MethodHandle preferenceDestroy;
    private final MethodHandle preferenceSet;
    private final long version;
    private final long cudartVersion;

    /// @throws dev.cathode.kernels.cuda.library.LibraryException if the library is too old to have all functions
    public CublasLt(Functions library) {
        statusName = library.function("cublasLtGetStatusName", FunctionDescriptor.of(ADDRESS, JAVA_INT));
        statusString = library.function("cublasLtGetStatusString", FunctionDescriptor.of(ADDRESS, JAVA_INT));
        create = library.status("cublasLtCreate", ADDRESS);
        destroy = library.status("cublasLtDestroy", ADDRESS);
        operationCreate = library.status("cublasLtMatmulDescCreate", ADDRESS, JAVA_INT, JAVA_INT);
        operationDestroy = library.status("cublasLtMatmulDescDestroy", ADDRESS);
        operationSet = library.status("cublasLtMatmulDescSetAttribute", ADDRESS, JAVA_INT, ADDRESS, JAVA_LONG);
        operationGet = library.status("cublasLtMatmulDescGetAttribute", ADDRESS, JAVA_INT, ADDRESS, JAVA_LONG,
                ADDRESS);
        layoutCreate = library.status("cublasLtMatrixLayoutCreate", ADDRESS, JAVA_INT, JAVA_LONG, JAVA_LONG,
                JAVA_LONG);
        layoutDestroy = library.status("cublasLtMatrixLayoutDestroy", ADDRESS);
        layoutSet = library.status("cublasLtMatrixLayoutSetAttribute", ADDRESS, JAVA_INT, ADDRESS, JAVA_LONG);
        layoutGet = library.status("cublasLtMatrixLayoutGetAttribute", ADDRESS, JAVA_INT, ADDRESS, JAVA_LONG, ADDRESS);
        preferenceCreate = library.status("cublasLtMatmulPreferenceCreate", ADDRESS);
        preferenceDestroy = library.status("cublasLtMatmulPreferenceDestroy", ADDRESS);
        preferenceSet = library.status("cublasLtMatmulPreferenceSetAttribute", ADDRESS, JAVA_INT, ADDRESS, JAVA_LONG);
        heuristic = library.status("cublasLtMatmulAlgoGetHeuristic", ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS,
                ADDRESS, ADDRESS, JAVA_INT, ADDRESS, ADDRESS);
        check = library.status("cublasLtMatmulAlgoCheck", ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS,
                ADDRESS);
        matmul = library.status("cublasLtMatmul", ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS,
                ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS, JAVA_LONG, ADDRESS);
        version = library.number("cublasLtGetVersion");
        cudartVersion = library.number("cublasLtGetCudartVersion");
    }

    /// The library's version: 130101 for 13.1.1.
    public long version() {
        return version;
    }

    /// The CUDA it was made for: 13000 for 13.0.
    public long cudartVersion() {
        return cudartVersion;
    }

    /// The library in use on the GPU whose context is current.
    public final class Handle implements AutoCloseable {
        private final MemorySegment address;

        private Handle(MemorySegment address) {
            this.address = address;
        }

        MemorySegment address() {
            return address;
        }

        @Override
        public void close() {
            run("cublasLtDestroy", () -> (int) destroy.invokeExact(address));
        }
    }

    /// Takes the library in use on the GPU whose context is current.
    ///
    /// @throws dev.cathode.kernels.cuda.library.CudaException if there is no GPU, or its driver is too old
    public Handle handle() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ADDRESS);
            run("cublasLtCreate", () -> (int) create.invokeExact(out));
            return new Handle(out.get(ADDRESS, 0));
        }
    }

    void run(String name, Downcalls.Call call) {
        Downcalls.run(name, this::errorText, call);
    }

    private String errorText(int code) throws Throwable {
        return Downcalls.text((MemorySegment) statusString.invokeExact(code)) + ", "
                + Downcalls.text((MemorySegment) statusName.invokeExact(code));
    }

    /// `cublasLtMatmulDesc_t`, `cublasLtMatrixLayout_t` or `cublasLtMatmulPreference_t`.
    static final class Descriptor implements AutoCloseable {
        private final CublasLt library;
        private final String title;
        private final MethodHandle setter;
        private final MethodHandle getter;
        private final MethodHandle destroyer;
        private final MemorySegment address;

        private Descriptor(CublasLt library, String title, MethodHandle setter, MethodHandle getter,
                           MethodHandle destroyer, MemorySegment address) {
            this.library = library;
            this.title = title;
            this.setter = setter;
            this.getter = getter;
            this.destroyer = destroyer;
            this.address = address;
        }

        MemorySegment address() {
            return address;
        }

        /// Sets an attribute of 32 bits.
        Descriptor set(int attribute, int value) {
            try (Arena arena = Arena.ofConfined()) {
                return set(attribute, arena.allocateFrom(JAVA_INT, value));
            }
        }

        /// Sets an attribute of 64 bits, such as an address.
        Descriptor set(int attribute, long value) {
            try (Arena arena = Arena.ofConfined()) {
                return set(attribute, arena.allocateFrom(JAVA_LONG, value));
            }
        }

        private Descriptor set(int attribute, MemorySegment value) {
            long bytes = value.byteSize();
            library.run("cublasLt" + title + "SetAttribute(" + attribute + ")",
                    () -> (int) setter.invokeExact(address, attribute, value, bytes));
            return this;
        }

        /// Reads an attribute of 4 or 8 bytes.
        long get(int attribute, long bytes) {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment value = arena.allocate(JAVA_LONG);
                MemorySegment written = arena.allocate(JAVA_LONG);
                library.run("cublasLt" + title + "GetAttribute(" + attribute + ")",
                        () -> (int) getter.invokeExact(address, attribute, value, bytes, written));
                return bytes == Integer.BYTES ? value.get(JAVA_INT, 0) : value.get(JAVA_LONG, 0);
            }
        }

        @Override
        public void close() {
            library.run("cublasLt" + title + "Destroy", () -> (int) destroyer.invokeExact(address));
        }
    }

    /// What to compute: `cublasComputeType_t` and the `cudaDataType_t` of the scales.
    Descriptor operation(int compute, int scale) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ADDRESS);
            run("cublasLtMatmulDescCreate", () -> (int) operationCreate.invokeExact(out, compute, scale));
            return new Descriptor(this, "MatmulDesc", operationSet, operationGet, operationDestroy,
                    out.get(ADDRESS, 0));
        }
    }

    /// A matrix by columns: `cudaDataType_t`, sizes, and numbers from one column to the next.
    Descriptor layout(int type, long rows, long columns, long stride) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ADDRESS);
            run("cublasLtMatrixLayoutCreate(" + rows + "×" + columns + ", " + stride + ")",
                    () -> (int) layoutCreate.invokeExact(out, type, rows, columns, stride));
            return new Descriptor(this, "MatrixLayout", layoutSet, layoutGet, layoutDestroy, out.get(ADDRESS, 0));
        }
    }

    /// What an algorithm may use.
    Descriptor preference() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ADDRESS);
            run("cublasLtMatmulPreferenceCreate", () -> (int) preferenceCreate.invokeExact(out));
            return new Descriptor(this, "MatmulPreference", preferenceSet, null, preferenceDestroy,
                    out.get(ADDRESS, 0));
        }
    }
}
