package dev.cathode.kernels.cuda.dnn;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.cathode.kernels.cuda.library.Downcalls;
import dev.cathode.kernels.cuda.library.Functions;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/// `libcudnn.so.9`: its backend API, in which everything is a [BackendDescriptor]. Descriptors can be made without a
/// GPU; a [Handle] cannot.
public final class Cudnn {
    private static final long MESSAGE_BYTES = 4096;

    final MethodHandle createDescriptor;
    final MethodHandle destroyDescriptor;
    final MethodHandle setAttribute;
    final MethodHandle getAttribute;
    final MethodHandle finalizeDescriptor;
    private final MethodHandle execute;
    private final MethodHandle create;
    private final MethodHandle destroy;
    private final MethodHandle setStream;
    private final MethodHandle errorString;
    private final MethodHandle lastErrorString;
    private final long version;
    private final long cudartVersion;

    /// @throws dev.cathode.kernels.cuda.library.LibraryException if the library is too old to have all functions
    public Cudnn(Functions library) {
        errorString = library.function("cudnnGetErrorString", FunctionDescriptor.of(ADDRESS, JAVA_INT));
        lastErrorString = library.function("cudnnGetLastErrorString", FunctionDescriptor.ofVoid(ADDRESS, JAVA_LONG));
        create = library.status("cudnnCreate", ADDRESS);
        destroy = library.status("cudnnDestroy", ADDRESS);
        setStream = library.status("cudnnSetStream", ADDRESS, ADDRESS);
        createDescriptor = library.status("cudnnBackendCreateDescriptor", JAVA_INT, ADDRESS);
        destroyDescriptor = library.status("cudnnBackendDestroyDescriptor", ADDRESS);
        setAttribute = library.status("cudnnBackendSetAttribute", ADDRESS, JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS);
        getAttribute = library.status("cudnnBackendGetAttribute", ADDRESS, JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS,
                ADDRESS);
        finalizeDescriptor = library.status("cudnnBackendFinalize", ADDRESS);
        execute = library.status("cudnnBackendExecute", ADDRESS, ADDRESS, ADDRESS);
        version = library.number("cudnnGetVersion");
        cudartVersion = library.number("cudnnGetCudartVersion");
    }

    /// The library's version: 92400 for 9.24.0.
    public long version() {
        return version;
    }

    /// The CUDA it was made for: 13000 for 13.0. Its file name does not say.
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

        /// Lets what follows run on a stream.
        ///
        /// @param stream the driver's handle
        public void stream(MemorySegment stream) {
            run("cudnnSetStream", () -> (int) setStream.invokeExact(address, stream));
        }

        /// Runs a finalized plan.
        ///
        /// @param variables a finalized variant pack: addresses of all tensors, and the workspace
        public void execute(BackendDescriptor plan, BackendDescriptor variables) {
            MemorySegment what = plan.address();
            MemorySegment with = variables.address();
            run("cudnnBackendExecute", () -> (int) execute.invokeExact(address, what, with));
        }

        @Override
        public void close() {
            run("cudnnDestroy", () -> (int) destroy.invokeExact(address));
        }
    }

    /// Takes the library in use on the GPU whose context is current.
    ///
    /// @throws dev.cathode.kernels.cuda.library.CudaException if there is no GPU, or its driver is too old
    public Handle handle() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ADDRESS);
            run("cudnnCreate", () -> (int) create.invokeExact(out));
            return new Handle(out.get(ADDRESS, 0));
        }
    }

    void run(String name, Downcalls.Call call) {
        Downcalls.run(name, this::errorText, call);
    }

    /// "CUDNN_STATUS_NOT_SUPPORTED_SHAPE: why, in the library's own words"
    private String errorText(int code) throws Throwable {
        String words = Downcalls.text((MemorySegment) errorString.invokeExact(code));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment message = arena.allocate(MESSAGE_BYTES);
            lastErrorString.invokeExact(message, MESSAGE_BYTES);
            String more = message.getString(0).strip();
            return more.isEmpty() ? words : words + ": " + more;
        }
    }
}
