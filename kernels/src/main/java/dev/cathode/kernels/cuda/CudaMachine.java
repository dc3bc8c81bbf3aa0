package dev.cathode.kernels.cuda;

import dev.cathode.kernels.cuda.blas.Matmul;
import dev.cathode.kernels.cuda.blas.Product;
import dev.cathode.kernels.cuda.dnn.AttentionTask;
import dev.cathode.kernels.cuda.dnn.ConvolutionTask;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/// What the engine's CUDA device is built on: memory, our kernels, products of matrices, convolutions and attention,
/// all done one after the other in the order in which they are asked for. A GPU with its libraries is such a machine;
/// the tests have one on the CPU, which runs the same kernels. Addresses are the machine's, not this process's.
///
/// Not for several threads at once.
public interface CudaMachine extends AutoCloseable {
    /// What this is, for people: GPU, chip, versions.
    String description();

    /// Runs our kernels.
    KernelLauncher launcher();

    /// Bytes of memory that are free.
    long available();

    /// Fresh memory, aligned to 256 bytes; what is in it is not defined.
    ///
    /// @throws dev.cathode.kernels.cuda.library.CudaException if there is not so much
    long allocate(long bytes);

    /// Gives memory back. Waits for what still uses it.
    void free(long address);

    /// Copies to the machine. `source` may be any memory of this process, a mapped file too, and is not read after the
    /// call.
    void upload(MemorySegment source, long destination);

    /// Copies from the machine, after everything asked for before.
    void download(long source, MemorySegment destination);

    /// Begins to copy a few float32 numbers from the machine as they are after everything asked for before, and does
    /// not wait for them; what is asked for next may change them.
    ///
    /// @return waits for the numbers; to be called at most once
    default Supplier<float[]> fetch(long source, int count) {
        float[] numbers = new float[count];
        download(source, MemorySegment.ofArray(numbers));
        return () -> numbers;
    }

    /// Copies within the machine.
    void copy(long source, long destination, long bytes);

    /// Fills with zero bytes.
    void clear(long address, long bytes);

    /// Waits until all is done that was asked for.
    ///
    /// @throws dev.cathode.kernels.cuda.library.CudaException if any of it failed
    void synchronize();

    /// Prepares a product of matrices: chooses an algorithm, perhaps by trying some.
    PreparedProduct product(Product product);

    /// Prepares a convolution with its epilogue, or a gradient of one.
    ///
    /// @return empty if the machine cannot do this epilogue together with the convolution; without an epilogue, or with
    ///         a bias alone, there is always an answer
    Optional<PreparedOperation> convolution(ConvolutionTask task);

    /// Prepares attention or its gradient.
    ///
    /// @return empty if the machine has nothing better for it than [CudaAttention]. The statistics of the two differ by
    ///         a factor: a gradient goes with the forward pass of the same kind
    default Optional<PreparedOperation> attention(AttentionTask task) {
        return Optional.empty();
    }

    /// Records what `work` asks for instead of doing it. All of it must have run once before (what is compiled at first
    /// use cannot be recorded), and it may neither allocate, nor wait, nor copy from or to this process.
    Recording record(Runnable work);

    /// Ends it; everything made from it must be closed before.
    @Override
    void close();

    /// A product that is ready to run.
    interface PreparedProduct extends AutoCloseable {
        /// Bytes of scratch memory that a run needs, aligned to 256.
        long workspaceBytes();

        /// Computes.
        void run(Matmul.Addresses where);

        @Override
        void close();
    }

    /// A convolution or attention, or a gradient of one, that is ready to run.
    interface PreparedOperation extends AutoCloseable {
        /// Bytes of scratch memory that a run needs, aligned to 256.
        long workspaceBytes();

        /// Computes.
        ///
        /// @param tensors addresses by the numbers in [ConvolutionTask] or [AttentionTask]
        /// @param workspace scratch memory
        void run(Map<Long, Long> tensors, long workspace);

        @Override
        void close();
    }

    /// Work that can be done again and again at the cost of one call.
    interface Recording extends AutoCloseable {
        /// Does it, with the numbers that are in memory now.
        void replay();

        @Override
        void close();
    }
}
