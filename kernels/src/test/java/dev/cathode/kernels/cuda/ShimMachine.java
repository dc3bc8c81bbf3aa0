package dev.cathode.kernels.cuda;

import dev.cathode.kernels.cuda.blas.Matmul;
import dev.cathode.kernels.cuda.blas.Product;
import dev.cathode.kernels.cuda.dnn.AttentionTask;
import dev.cathode.kernels.cuda.dnn.ConvolutionTask;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/// A machine on the CPU, for tests of what is built on [CudaMachine]: our kernels as a GPU would run them, thread by
/// thread, products and convolutions by loops with float32 sums. Stricter than a GPU:
///
/// - fresh memory is NaN, and so is workspace before each run,
/// - what is written beside a buffer is noticed when it is given back, at the latest by [#close()],
/// - operands of products and convolutions must be in buffers, aligned to 16 bytes,
/// - while recording, what a CUDA graph cannot hold is refused.
public final class ShimMachine implements CudaMachine {
    private static final long WORKSPACE = 512;

    /// What kind of machine.
    ///
    /// @param sanitized whether kernels run with sanitizers and in a drawn order of threads; many times slower
    /// @param fusesEpilogues whether convolutions do more than add a bias
    /// @param attends whether there is attention beside that of our kernels, as cuDNN has it
    /// @param memory bytes; only what is written is used
    public record Options(boolean sanitized, boolean fusesEpilogues, boolean attends, long memory) {
        /// For whole networks: quick, with all epilogues, our attention and 2 GiB.
        public static final Options QUICK = new Options(false, true, false, 2L << 30);

        /// This with attention that our kernels have no part in.
        public Options withAttention() {
            return new Options(sanitized, fusesEpilogues, true, memory);
        }

        /// This without epilogues beyond a bias.
        public Options withoutFusion() {
            return new Options(sanitized, false, attends, memory);
        }
    }

    private final Options options;
    private final Arena arena = Arena.ofShared();
    private final ShimProcess process;
    private final ShimHeap heap;
    private final ShimMath math;
    private final KernelLauncher launcher = new Launcher();
    private List<Runnable> recorded;
    private long done;
    private long waits;

    private ShimMachine(ShimCompiler compiler, Options options) {
        this.options = options;
        process = new ShimProcess(compiler, UnaryOperator.identity(), options.memory);
        heap = new ShimHeap(process);
        math = new ShimMath(compiler, process, heap, arena);
    }

    /// Why there is no such machine here, if so: a reason to skip tests.
    public static Optional<String> missing(Options options) {
        var found = ShimCompiler.find(mode(options));
        return found.compiler().isPresent() ? Optional.empty() : Optional.of(found.reason());
    }

    /// A machine.
    ///
    /// @throws IllegalStateException if there is none here: see [#missing]
    public static ShimMachine open(Options options) {
        var found = ShimCompiler.find(mode(options));
        return new ShimMachine(found.compiler().orElseThrow(() -> new IllegalStateException(found.reason())), options);
    }

    private static ShimCompiler.Mode mode(Options options) {
        return options.sanitized ? ShimCompiler.Mode.STRICT : ShimCompiler.Mode.QUICK;
    }

    @Override
    public String description() {
        return "kernels for GPUs on the CPU, " + (options.sanitized ? "with sanitizers" : "optimised");
    }

    @Override
    public KernelLauncher launcher() {
        return launcher;
    }

    /// Pretends that there is so much memory all together.
    public void setMemory(long bytes) {
        heap.setTotal(bytes);
    }

    /// How many buffers are in use.
    public int buffers() {
        return heap.buffers();
    }

    /// How often what is asked for next had to wait for what was asked for before: a number was wanted.
    public long waits() {
        return waits;
    }

    /// How many kernels, products, convolutions, copies and fillings have been done.
    public long done() {
        return done;
    }

    @Override
    public long available() {
        return heap.available();
    }

    @Override
    public long allocate(long bytes) {
        refuseIfRecording("allocate memory");
        return heap.allocate(bytes);
    }

    @Override
    public void free(long address) {
        refuseIfRecording("free memory");
        heap.free(address);
    }

    @Override
    public void upload(MemorySegment source, long destination) {
        refuseIfRecording("copy from this process");
        heap.check(destination, source.byteSize(), "the copy");
        process.at(destination, source.byteSize()).copyFrom(source);
    }

    @Override
    public void download(long source, MemorySegment destination) {
        refuseIfRecording("copy to this process");
        waits++;
        heap.check(source, destination.byteSize(), "what is copied");
        destination.copyFrom(process.at(source, destination.byteSize()));
    }

    /// The copy is made now; waiting for it is not waiting for what comes after it.
    @Override
    public Supplier<float[]> fetch(long source, int count) {
        long before = waits;
        Supplier<float[]> copy = CudaMachine.super.fetch(source, count);
        waits = before;
        return copy;
    }

    @Override
    public void copy(long source, long destination, long bytes) {
        heap.check(source, bytes, "what is copied");
        heap.check(destination, bytes, "the copy");
        MemorySegment to = process.at(destination, bytes);
        MemorySegment from = process.at(source, bytes);
        if (bytes > 0 && to.asOverlappingSlice(from).isPresent()) {
            throw new IllegalArgumentException("the copy lies over what is copied");
        }
        perform(() -> to.copyFrom(from));
    }

    @Override
    public void clear(long address, long bytes) {
        heap.check(address, bytes, "what is cleared");
        perform(() -> process.at(address, bytes).fill((byte) 0));
    }

    @Override
    public void synchronize() {
        refuseIfRecording("wait");
        waits++;
    }

    private void perform(Runnable work) {
        if (recorded != null) {
            recorded.add(work);
        } else {
            work.run();
            done++;
        }
    }

    private void refuseIfRecording(String what) {
        if (recorded != null) {
            throw new IllegalStateException("a recording cannot " + what);
        }
    }

    private final class Launcher implements KernelLauncher {
        @Override
        public Limits limits() {
            return new Limits(3, 232448);
        }

        @Override
        public void launch(Kernel kernel, Geometry geometry, KernelArguments arguments) {
            if (recorded != null && !process.knows(kernel)) {
                throw new IllegalStateException(kernel + " is recorded before its first launch, which compiles it");
            }
            String line = process.line(kernel, geometry, arguments, done);
            perform(() -> process.command(line));
        }
    }

    /// Checks workspace and fills it with NaN, so that what lies over it does not stay as it was.
    private void scribble(long workspace) {
        if (workspace % 256 != 0) {
            throw new IllegalArgumentException("workspace at " + Long.toHexString(workspace));
        }
        heap.check(workspace, WORKSPACE, "the workspace");
        process.at(workspace, WORKSPACE).fill((byte) 0xff);
    }

    @Override
    public PreparedProduct product(Product product) {
        refuseIfRecording("prepare a product");
        return new PreparedProduct() {
            @Override
            public long workspaceBytes() {
                return WORKSPACE;
            }

            @Override
            public void run(Matmul.Addresses where) {
                perform(() -> {
                    scribble(where.workspace());
                    math.run(product, where);
                });
            }

            @Override
            public void close() { }
        };
    }

    @Override
    public Optional<PreparedOperation> convolution(ConvolutionTask task) {
        refuseIfRecording("prepare a convolution");
        if (!options.fusesEpilogues && task.epilogue().isFused()) {
            return Optional.empty();
        }
        return Optional.of(new PreparedOperation() {
            @Override
            public long workspaceBytes() {
                return WORKSPACE;
            }

            @Override
            public void run(Map<Long, Long> tensors, long workspace) {
                Map<Long, Long> copy = Map.copyOf(tensors);
                perform(() -> {
                    scribble(workspace);
                    math.run(task, copy);
                });
            }

            @Override
            public void close() { }
        });
    }

    @Override
    public Optional<PreparedOperation> attention(AttentionTask task) {
        refuseIfRecording("prepare attention");
        var shape = task.shape();
        if (!options.attends || task.element() == Element.FLOAT32 || shape.masked() || shape.causal()) {
            return Optional.empty();
        }
        return Optional.of(new PreparedOperation() {
            @Override
            public long workspaceBytes() {
                return WORKSPACE;
            }

            @Override
            public void run(Map<Long, Long> tensors, long workspace) {
                Map<Long, Long> copy = Map.copyOf(tensors);
                perform(() -> {
                    scribble(workspace);
                    math.run(task, copy);
                });
            }

            @Override
            public void close() { }
        });
    }

    @Override
    public Recording record(Runnable work) {
        refuseIfRecording("hold another recording");
        List<Runnable> list = new ArrayList<>();
        recorded = list;
        try {
            work.run();
        } finally {
            recorded = null;
        }
        return new Recording() {
            @Override
            public void replay() {
                refuseIfRecording("hold another recording");
                list.forEach(ShimMachine.this::perform);
            }

            @Override
            public void close() { }
        };
    }

    /// Ends the process, after a look at the guards of all buffers; buffers that are left are no error.
    @Override
    public void close() {
        try {
            if (!process.hasFailed()) {
                heap.checkGuards();
            }
        } finally {
            process.close();
            arena.close();
        }
    }
}
