package dev.cathode.engine.runtime.cuda;

import dev.cathode.kernels.cuda.CudaMachine;
import dev.cathode.kernels.cuda.Kernel;
import dev.cathode.kernels.cuda.KernelArguments;
import dev.cathode.kernels.cuda.KernelLauncher;
import dev.cathode.kernels.cuda.blas.Matmul;
import dev.cathode.kernels.cuda.blas.Product;
import dev.cathode.kernels.cuda.dnn.ConvolutionTask;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.Optional;

/// A machine that can be planned for and does nothing, with the limits of an H200. It fuses no more than it must.
final class PlanningMachine implements CudaMachine {
    private static final long WORKSPACE = 4096;
    private static final int SHARED_BYTES = 232448;
    private final int sharedBytes;
    private final KernelLauncher launcher = new KernelLauncher() {
        @Override
        public Limits limits() {
            return new Limits(132, sharedBytes);
        }

        @Override
        public void launch(Kernel kernel, Geometry geometry, KernelArguments arguments) {
            throw refused();
        }
    };

    PlanningMachine() {
        this(SHARED_BYTES);
    }

    /// @param sharedBytes shared memory that a block can have
    PlanningMachine(int sharedBytes) {
        this.sharedBytes = sharedBytes;
    }

    private static UnsupportedOperationException refused() {
        return new UnsupportedOperationException("this machine only plans");
    }

    @Override
    public String description() {
        return "nothing";
    }

    @Override
    public KernelLauncher launcher() {
        return launcher;
    }

    @Override
    public long available() {
        return 1 << 20;
    }

    @Override
    public long allocate(long bytes) {
        throw refused();
    }

    @Override
    public void free(long address) {
        throw refused();
    }

    @Override
    public void upload(MemorySegment source, long destination) {
        throw refused();
    }

    @Override
    public void download(long source, MemorySegment destination) {
        throw refused();
    }

    @Override
    public void copy(long source, long destination, long bytes) {
        throw refused();
    }

    @Override
    public void clear(long address, long bytes) {
        throw refused();
    }

    @Override
    public void synchronize() { }

    @Override
    public PreparedProduct product(Product product) {
        return new PreparedProduct() {
            @Override
            public long workspaceBytes() {
                return WORKSPACE;
            }

            @Override
            public void run(Matmul.Addresses where) {
                throw refused();
            }

            @Override
            public void close() { }
        };
    }

    @Override
    public Optional<PreparedOperation> convolution(ConvolutionTask task) {
        ConvolutionTask.Epilogue e = task.epilogue();
        return e.sampleBias() || e.silu() || e.residual() ? Optional.empty() : Optional.of(new PreparedOperation() {
            @Override
            public long workspaceBytes() {
                return WORKSPACE;
            }

            @Override
            public void run(Map<Long, Long> tensors, long workspace) {
                throw refused();
            }

            @Override
            public void close() { }
        });
    }

    @Override
    public Recording record(Runnable work) {
        throw refused();
    }

    @Override
    public void close() { }
}
