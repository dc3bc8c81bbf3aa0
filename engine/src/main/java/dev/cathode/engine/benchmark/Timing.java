package dev.cathode.engine.benchmark;

import java.util.Arrays;
import java.util.List;

/// The times of some runs of one thing.
///
/// @param name what ran, with its shape
/// @param kernel the algorithm, or empty
/// @param flops floating-point operations of one run, by the direct algorithm
/// @param mixed whether it multiplies bfloat16 numbers
/// @param seconds wall time of each counted run
public record Timing(String name, String kernel, double flops, boolean mixed, List<Double> seconds) {
    /// Copies.
    public Timing {
        seconds = List.copyOf(seconds);
    }

    /// Runs something `warmup` times uncounted and `runs` times counted.
    static Timing of(String name, String kernel, double flops, int warmup, int runs, Runnable work) {
        return of(name, kernel, flops, false, warmup, 0, runs, work);
    }

    /// The same with products of bfloat16 numbers if `mixed`, and for at least so many uncounted seconds.
    static Timing of(String name, String kernel, double flops, boolean mixed, int warmup, double warmupSeconds,
                     int runs, Runnable work) {
        long begin = System.nanoTime();
        for (int i = 0; i < warmup || (System.nanoTime() - begin) * 1e-9 < warmupSeconds; i++) {
            work.run();
        }
        Double[] seconds = new Double[runs];
        for (int i = 0; i < runs; i++) {
            long start = System.nanoTime();
            work.run();
            seconds[i] = (System.nanoTime() - start) * 1e-9;
        }
        return new Timing(name, kernel, flops, mixed, Arrays.asList(seconds));
    }

    /// The median time.
    public double median() {
        double[] sorted = seconds.stream().mapToDouble(Double::doubleValue).sorted().toArray();
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    /// Floating-point operations per second at the median.
    public double rate() {
        return flops / median();
    }
}
