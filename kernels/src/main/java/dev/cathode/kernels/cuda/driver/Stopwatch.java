package dev.cathode.kernels.cuda.driver;

import dev.cathode.kernels.cuda.library.CudaException;
import java.util.List;

/// Measures by the GPU's own clock.
public final class Stopwatch {
    private Stopwatch() { }

    /// The index of the way that takes the least time; ways that fail do not count.
    ///
    /// @param ways each queues the same work on `stream`, which must not be captured now
    /// @param runs how often each is run, after once for warming up
    /// @throws IllegalStateException if no way works
    public static int fastest(CudaContext context, CudaStream stream, List<? extends Runnable> ways, int runs) {
        int best = -1;
        float least = Float.POSITIVE_INFINITY;
        IllegalStateException failure = new IllegalStateException("no way works");
        try (CudaEvent start = context.event(true); CudaEvent end = context.event(true)) {
            for (int way = 0; way < ways.size(); way++) {
                try {
                    ways.get(way).run();
                    stream.record(start);
                    for (int run = 0; run < runs; run++) {
                        ways.get(way).run();
                    }
                    stream.record(end);
                    end.synchronize();
                    float time = end.millisecondsSince(start);
                    if (time < least) {
                        least = time;
                        best = way;
                    }
                } catch (CudaException e) {
                    failure.addSuppressed(e);
                }
            }
        }
        if (best < 0) {
            throw failure;
        }
        return best;
    }
}
