package dev.cathode.kernels.cuda.driver;

import dev.cathode.kernels.cuda.library.CudaException;
import java.util.List;
import java.util.stream.IntStream;

/// Measures by the GPU's own clock.
public final class Stopwatch {
    private static final int ROUNDS = 3;
    /// Milliseconds of measuring after which there is no further round: the longer the work, the smaller the noise.
    private static final float ENOUGH = 4;

    private Stopwatch() { }

    /// The index of the way that takes the least time; ways that fail do not count.
    ///
    /// Each way runs once by itself, which loads what it needs. Then its runs are captured and launched as one graph,
    /// so that the GPU is measured and not how fast this process queues work: most of what is tried takes less time
    /// than that. The shortest of some launches counts.
    ///
    /// @param ways each queues the same work on `stream`, which must not be captured now
    /// @param runs how often each is run in one launch
    /// @throws IllegalStateException if no way works
    public static int fastest(CudaContext context, CudaStream stream, List<? extends Runnable> ways, int runs) {
        int best = -1;
        float least = Float.POSITIVE_INFINITY;
        IllegalStateException failure = new IllegalStateException("no way works");
        try (CudaEvent start = context.event(true); CudaEvent end = context.event(true)) {
            for (int way = 0; way < ways.size(); way++) {
                Runnable work = ways.get(way);
                try {
                    work.run();
                    try (CudaGraph graph = stream.capture(() -> IntStream.range(0, runs).forEach(i -> work.run()))) {
                        float time = time(stream, graph, start, end);
                        if (time < least) {
                            least = time;
                            best = way;
                        }
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

    private static float time(CudaStream stream, CudaGraph graph, CudaEvent start, CudaEvent end) {
        stream.launch(graph); // warms up
        float least = Float.POSITIVE_INFINITY;
        float all = 0;
        for (int round = 0; round < ROUNDS && all < ENOUGH; round++) {
            stream.record(start);
            stream.launch(graph);
            stream.record(end);
            end.synchronize();
            float time = end.millisecondsSince(start);
            least = Math.min(least, time);
            all += time;
        }
        return least;
    }
}
