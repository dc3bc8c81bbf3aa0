package dev.cathode.kernels.cuda.gpu;

import dev.cathode.kernels.cuda.driver.CudaContext;
import dev.cathode.kernels.cuda.driver.CudaStream;
import dev.cathode.kernels.cuda.driver.Stopwatch;
import dev.cathode.kernels.cuda.library.CudaException;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/// Finds the fastest of some ways to compute the same thing by running them, in memory that is free for the moment.
final class Tuner {
    /// One way.
    interface Way {
        /// Bytes of scratch memory.
        long workspace();

        /// Queues it.
        ///
        /// @param operands addresses, in the order of their sizes
        void run(long[] operands, long workspace);
    }

    private static final System.Logger LOG = System.getLogger(Tuner.class.getName());
    private static final int RUNS = 5;
    private static final int OUT_OF_MEMORY = 2;
    /// A byte that makes small positive numbers of all float types
    private static final byte NUMBERS = 0x3c;

    private final CudaContext context;
    private final CudaStream stream;
    private final long mostWorkspace;

    /// @param mostWorkspace ways that need more bytes are taken only if there are no others
    Tuner(CudaContext context, CudaStream stream, long mostWorkspace) {
        this.context = context;
        this.stream = stream;
        this.mostWorkspace = mostWorkspace;
    }

    /// The index of the fastest way. Without memory for the operands it is the first, the library's own choice.
    ///
    /// @param what is computed, for messages
    /// @param operandBytes sizes of the operands
    int fastest(String what, Collection<Long> operandBytes, List<? extends Way> ways) {
        List<Integer> indices = new ArrayList<>();
        long workspaceBytes = 0;
        for (int i = 0; i < ways.size(); i++) {
            if (ways.get(i).workspace() <= mostWorkspace) {
                indices.add(i);
                workspaceBytes = Math.max(workspaceBytes, ways.get(i).workspace());
            }
        }
        if (indices.size() <= 1) {
            return indices.isEmpty() ? 0 : indices.getFirst();
        }
        List<Long> taken = new ArrayList<>();
        try {
            long[] operands = new long[operandBytes.size()];
            int at = 0;
            for (long bytes : operandBytes) {
                operands[at++] = take(taken, bytes);
            }
            long workspace = take(taken, workspaceBytes);
            List<Runnable> runs = new ArrayList<>();
            indices.forEach(i -> runs.add(() -> ways.get(i).run(operands, workspace)));
            return indices.get(Stopwatch.fastest(context, stream, runs, RUNS));
        } catch (CudaException e) {
            if (e.code() != OUT_OF_MEMORY) {
                throw e;
            }
            LOG.log(Level.DEBUG, "no memory to try {0}", what);
            return indices.getFirst();
        } finally {
            stream.synchronize();
            taken.forEach(context::free);
        }
    }

    private long take(List<Long> taken, long bytes) {
        if (bytes == 0) {
            return 0;
        }
        long address = context.allocate(bytes);
        taken.add(address);
        stream.fill(address, NUMBERS, bytes);
        return address;
    }
}
