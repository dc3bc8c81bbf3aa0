package dev.cathode.kernels.cuda.driver;

import dev.cathode.kernels.cuda.Kernel;
import dev.cathode.kernels.cuda.KernelArguments;
import dev.cathode.kernels.cuda.KernelLauncher;
import dev.cathode.kernels.cuda.KernelSource;
import java.lang.foreign.Arena;
import java.util.HashMap;
import java.util.Map;

/// Runs kernels on one stream of a GPU; compiles and loads each source once.
///
/// Like its stream, a launcher belongs to one platform thread at a time. What is launched while the stream is captured
/// must have been [prepared][#prepare] before, because a capture may not load anything.
public final class DriverLauncher implements KernelLauncher, AutoCloseable {
    /// Makes machine code of a source: `KernelCompiler::compile`.
    @FunctionalInterface
    public interface Compiler {
        /// The machine code for a chip such as "sm_90".
        byte[] compile(KernelSource source, String chip);
    }

    private static final int SHARED_BYTES_ANYWAY = 48 << 10;

    /// A kernel that is ready, and the dynamic shared memory that it may have.
    private static final class Ready {
        private final CudaFunction function;
        private int sharedBytes = SHARED_BYTES_ANYWAY;

        private Ready(CudaFunction function) {
            this.function = function;
        }
    }

    private final CudaContext context;
    private final CudaStream stream;
    private final Compiler compiler;
    private final Map<KernelSource, CudaModule> modules = new HashMap<>();
    private final Map<Kernel, Ready> kernels = new HashMap<>();

    /// The context and the stream stay the caller's.
    public DriverLauncher(CudaContext context, CudaStream stream, Compiler compiler) {
        this.context = context;
        this.stream = stream;
        this.compiler = compiler;
    }

    @Override
    public Limits limits() {
        CudaDevice device = context.device();
        return new Limits(device.multiprocessors(), device.sharedMemoryPerBlock());
    }

    /// Compiles and loads a kernel, and allows it `sharedBytes` bytes of dynamic shared memory.
    public CudaFunction prepare(Kernel kernel, int sharedBytes) {
        Ready ready = kernels.computeIfAbsent(kernel, k -> new Ready(modules.computeIfAbsent(k.source(),
                source -> context.module(compiler.compile(source, context.device().chip())))
                .function(k.entry())));
        if (sharedBytes > ready.sharedBytes) {
            ready.function.allowSharedMemory(sharedBytes);
            ready.sharedBytes = sharedBytes;
        }
        return ready.function;
    }

    /// Whether a kernel is compiled and loaded.
    public boolean isPrepared(Kernel kernel) {
        return kernels.containsKey(kernel);
    }

    @Override
    public void launch(Kernel kernel, Geometry geometry, KernelArguments arguments) {
        CudaFunction function = prepare(kernel, geometry.sharedBytes());
        try (Arena arena = Arena.ofConfined()) {
            stream.launch(function, geometry, arguments.pack(arena));
        }
    }

    /// Unloads all kernels.
    @Override
    public void close() {
        kernels.clear();
        modules.values().forEach(CudaModule::close);
        modules.clear();
    }
}
