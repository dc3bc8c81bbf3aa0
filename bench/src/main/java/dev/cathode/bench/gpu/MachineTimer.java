package dev.cathode.bench.gpu;

import dev.cathode.kernels.cuda.CudaMachine;
import java.util.Arrays;
import java.util.List;

/// Times work on a machine by the host's clock, over recordings of many runs, so that neither launches nor the wait at
/// the end count.
///
/// @param runs of a recording
/// @param recordings that are timed, after one that is not; the median counts
record MachineTimer(CudaMachine machine, int runs, int recordings) {
    /// Seconds of one run.
    ///
    /// @param variants do the same work on memory of their own, and take turns: so that one finds nothing of its own in
    ///         the caches
    double seconds(List<Runnable> variants) {
        variants.forEach(Runnable::run);
        machine.synchronize();
        try (CudaMachine.Recording recording = machine.record(() -> {
            for (int i = 0; i < runs; i++) {
                variants.get(i % variants.size()).run();
            }
        })) {
            double[] seconds = new double[recordings];
            for (int i = -1; i < recordings; i++) {
                long start = System.nanoTime();
                recording.replay();
                machine.synchronize();
                seconds[Math.max(0, i)] = (System.nanoTime() - start) * 1e-9;
            }
            return median(seconds) / runs;
        }
    }

    static double median(double[] numbers) {
        double[] sorted = numbers.clone();
        Arrays.sort(sorted);
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
