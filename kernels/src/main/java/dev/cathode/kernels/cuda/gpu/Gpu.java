package dev.cathode.kernels.cuda.gpu;

import dev.cathode.kernels.cuda.CudaMachine;
import dev.cathode.kernels.cuda.Kernel;
import dev.cathode.kernels.cuda.KernelArguments;
import dev.cathode.kernels.cuda.KernelLauncher;
import dev.cathode.kernels.cuda.blas.AlgorithmCache;
import dev.cathode.kernels.cuda.blas.CublasLt;
import dev.cathode.kernels.cuda.blas.Matmul;
import dev.cathode.kernels.cuda.blas.Product;
import dev.cathode.kernels.cuda.cache.CacheFolder;
import dev.cathode.kernels.cuda.cache.DiskCache;
import dev.cathode.kernels.cuda.dnn.AttentionTask;
import dev.cathode.kernels.cuda.dnn.ConvolutionTask;
import dev.cathode.kernels.cuda.driver.CudaContext;
import dev.cathode.kernels.cuda.driver.CudaGraph;
import dev.cathode.kernels.cuda.driver.CudaStream;
import dev.cathode.kernels.cuda.driver.DriverLauncher;
import dev.cathode.kernels.cuda.library.CudaException;
import dev.cathode.kernels.cuda.library.LibrarySearch;
import dev.cathode.kernels.cuda.nvrtc.KernelCompiler;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/// An NVIDIA GPU: the driver, its one stream, kernels compiled by NVRTC, products by cuBLASLt, convolutions and
/// attention by cuDNN.
///
/// What is compiled or found to be fastest is kept in the [user's cache][CacheFolder]. May be used by several platform
/// threads, one at a time.
public final class Gpu implements CudaMachine {
    private static final long BLAS_WORKSPACE = 32L << 20;
    private static final long MOST_WORKSPACE = 1L << 30;
    private static final long SLOT = 8L << 20;
    private static final int SUGGESTIONS = 8;

    private final GpuLibraries libraries;
    private final Deque<AutoCloseable> owned = new ArrayDeque<>();
    private final CudaContext context;
    private final CudaStream stream;
    private final DriverLauncher kernels;
    private final KernelLauncher launcher = new Launcher();
    private final CublasLt.Handle blas;
    private final AlgorithmCache algorithms;
    private final GpuDnn dnn;
    private final Tuner tuner;
    private final Staging staging;
    private final Fetches fetches;
    private final Map<Product, PreparedProduct> products = new HashMap<>();
    private Thread user = Thread.currentThread();
    private boolean recording;

    private Gpu(GpuLibraries libraries, Path cache, boolean repeatable) {
        this.libraries = libraries;
        try {
            context = own(libraries.driver().context(libraries.device()));
            stream = own(context.stream());
            KernelCompiler compiler = new KernelCompiler(libraries.nvrtc(), new DiskCache(cache.resolve("kernels")));
            kernels = own(new DriverLauncher(context, stream, compiler::compile));
            staging = own(new Staging(context, stream, SLOT));
            fetches = own(new Fetches(context, stream));
            tuner = new Tuner(context, stream, MOST_WORKSPACE);
            blas = own(libraries.blas().handle());
            algorithms = new AlgorithmCache(libraries.blas(), blas, libraries.device().name() + " "
                    + libraries.device().chip(), new DiskCache(cache.resolve("algorithms")));
            dnn = own(new GpuDnn(libraries.cudnn(), stream, tuner, new DiskCache(cache.resolve("plans")), repeatable,
                    this::enter));
        } catch (RuntimeException e) {
            try {
                closeOwned();
            } catch (RuntimeException second) {
                e.addSuppressed(second);
            }
            throw e;
        }
    }

    /// Opens a GPU of this machine, for speed.
    ///
    /// @param index the N of `cuda:N`
    public static Gpu open(int index) {
        return open(index, false);
    }

    /// Opens a GPU of this machine.
    ///
    /// @param index the N of `cuda:N`
    /// @param repeatable whether two runs must give the same bytes, at the price of slower gradients
    /// @throws dev.cathode.kernels.cuda.library.LibraryException with what [#obstacle] says
    /// @throws CudaException if the GPU or a library does not start
    public static Gpu open(int index, boolean repeatable) {
        return open(index, repeatable, LibrarySearch.ofSystem(),
                CacheFolder.of(System.getenv(), Path.of(System.getProperty("user.home"))));
    }

    /// Opens a GPU with libraries from elsewhere.
    ///
    /// @param cache the folder of what is made once and kept
    public static Gpu open(int index, boolean repeatable, LibrarySearch search, Path cache) {
        if (Thread.currentThread().isVirtual()) {
            throw new IllegalStateException("a GPU needs a platform thread, this one is virtual");
        }
        return new Gpu(GpuLibraries.open(index, search), cache, repeatable);
    }

    /// Why a GPU cannot be used, in one line with what to do; empty if it can. Takes no memory of it.
    public static Optional<String> obstacle(int index, LibrarySearch search) {
        return GpuLibraries.obstacle(index, search);
    }

    private <C extends AutoCloseable> C own(C part) {
        owned.push(part);
        return part;
    }

    @Override
    public String description() {
        return libraries.description();
    }

    @Override
    public KernelLauncher launcher() {
        return launcher;
    }

    /// Before every call into a library: the context belongs to a thread.
    private void enter() {
        Thread thread = Thread.currentThread();
        if (thread != user) {
            if (thread.isVirtual()) {
                throw new IllegalStateException("a GPU needs a platform thread, this one is virtual");
            }
            context.makeCurrent();
            user = thread;
        }
    }

    /// Before every call that a recording cannot hold.
    private void enterOutsideRecording(String what) {
        enter();
        if (recording) {
            throw new IllegalStateException("a recording cannot " + what);
        }
    }

    @Override
    public long available() {
        enterOutsideRecording("ask for memory");
        return context.memory().free();
    }

    @Override
    public long allocate(long bytes) {
        enterOutsideRecording("allocate memory");
        return context.allocate(Math.max(1, bytes));
    }

    @Override
    public void free(long address) {
        enterOutsideRecording("free memory");
        stream.synchronize();
        context.free(address);
    }

    @Override
    public void upload(MemorySegment source, long destination) {
        enterOutsideRecording("copy from this process");
        staging.upload(source, destination);
    }

    @Override
    public void download(long source, MemorySegment destination) {
        enterOutsideRecording("copy to this process");
        staging.download(source, destination);
    }

    @Override
    public Supplier<float[]> fetch(long source, int count) {
        enterOutsideRecording("copy to this process");
        Supplier<float[]> arriving = fetches.fetch(source, count);
        return () -> {
            enter();
            return arriving.get();
        };
    }

    @Override
    public void copy(long source, long destination, long bytes) {
        enter();
        if (bytes > 0) {
            stream.copy(source, destination, bytes);
        }
    }

    @Override
    public void clear(long address, long bytes) {
        enter();
        if (bytes > 0) {
            stream.fill(address, (byte) 0, bytes);
        }
    }

    @Override
    public void synchronize() {
        enterOutsideRecording("wait");
        stream.synchronize();
    }

    private final class Launcher implements KernelLauncher {
        @Override
        public Limits limits() {
            return kernels.limits();
        }

        @Override
        public void launch(Kernel kernel, Geometry geometry, KernelArguments arguments) {
            enter();
            if (recording && !kernels.isPrepared(kernel)) {
                throw new IllegalStateException(kernel + " is recorded before its first launch, which compiles it");
            }
            kernels.launch(kernel, geometry, arguments);
        }
    }

    @Override
    public PreparedProduct product(Product product) {
        enterOutsideRecording("prepare a product");
        return products.computeIfAbsent(product, this::prepare);
    }

    private PreparedProduct prepare(Product product) {
        Matmul matmul = new Matmul(libraries.blas(), product);
        try {
            List<Long> bytes = List.of(product.aNumbers() * product.element().bytes(),
                    product.bNumbers() * product.element().bytes(), product.biasNumbers() * product.outElement().bytes(),
                    product.outNumbers() * product.outElement().bytes());
            Matmul.Algorithm algorithm = algorithms.algorithm(matmul, BLAS_WORKSPACE, SUGGESTIONS, suggested ->
                    tuner.fastest(product.toString(), bytes,
                            suggested.stream().map(one -> new BlasProduct(matmul, one)).toList()));
            own(matmul);
            return new BlasProduct(matmul, algorithm);
        } catch (RuntimeException e) {
            matmul.close();
            throw e;
        }
    }

    /// A product by one algorithm. The machine closes it: several that are alike share it.
    private final class BlasProduct implements PreparedProduct, Tuner.Way {
        private final Matmul matmul;
        private final Matmul.Algorithm algorithm;

        private BlasProduct(Matmul matmul, Matmul.Algorithm algorithm) {
            this.matmul = matmul;
            this.algorithm = algorithm;
        }

        @Override
        public long workspaceBytes() {
            return algorithm.workspace();
        }

        @Override
        public long workspace() {
            return algorithm.workspace();
        }

        @Override
        public void run(Matmul.Addresses where) {
            enter();
            matmul.run(blas, algorithm, where, stream.handle());
        }

        @Override
        public void run(long[] operands, long workspace) {
            run(new Matmul.Addresses(operands[0], operands[1], operands[2], 0, operands[3], workspace));
        }

        @Override
        public void close() { }
    }

    @Override
    public Optional<PreparedOperation> convolution(ConvolutionTask task) {
        enterOutsideRecording("prepare a convolution");
        return dnn.convolution(task);
    }

    @Override
    public Optional<PreparedOperation> attention(AttentionTask task) {
        enterOutsideRecording("prepare attention");
        return dnn.attention(task);
    }

    @Override
    public Recording record(Runnable work) {
        enterOutsideRecording("hold another recording");
        recording = true;
        CudaGraph graph;
        try {
            graph = stream.capture(work);
        } finally {
            recording = false;
        }
        graph.upload(stream);
        return new Recording() {
            @Override
            public void replay() {
                enterOutsideRecording("hold another recording");
                stream.launch(graph);
            }

            @Override
            public void close() {
                enter();
                stream.synchronize();
                graph.close();
            }
        };
    }

    @Override
    public void close() {
        enter();
        stream.synchronize();
        closeOwned();
    }

    /// Closes everything, the last opened first; an error does not keep the rest open.
    private void closeOwned() {
        List<Exception> errors = new ArrayList<>();
        while (!owned.isEmpty()) {
            try {
                owned.pop().close();
            } catch (Exception e) {
                errors.add(e);
            }
        }
        if (!errors.isEmpty()) {
            IllegalStateException all = new IllegalStateException(description() + " did not close", errors.getFirst());
            errors.stream().skip(1).forEach(all::addSuppressed);
            throw all;
        }
    }
}
