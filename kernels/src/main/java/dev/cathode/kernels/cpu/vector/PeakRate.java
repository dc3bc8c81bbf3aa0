package dev.cathode.kernels.cpu.vector;

import static dev.cathode.kernels.cpu.vector.Simd.SPECIES;

import dev.cathode.kernels.cpu.Workers;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/// How fast this machine multiplies and adds, measured: twelve independent chains of fused multiply-adds in registers
/// on every thread. What a matrix product reaches is quoted as a share of this.
final class PeakRate {
    private static final int REPEATS = 50_000;
    private static final int CHAINS = 12;
    /// Rounds of a few tenths of a millisecond: other programs, which get the processor for milliseconds, spoil some of
    /// them and not all.
    private static final int ROUNDS = 300;
    private static final int TASKS = 2;

    private PeakRate() { }

    /// Does work as often as it is told, and says how many floating-point operations that was.
    @FunctionalInterface
    interface Spin {
        double times(int repeats);
    }

    /// Floating-point operations per second of the whole pool in float32.
    static double measure(Workers workers) {
        return measure(workers, PeakRate::spin);
    }

    /// Floating-point operations per second of the whole pool: what the best few of many short rounds exceed. The best
    /// of all would be a moment of a higher clock, the middle would be other programs' doing.
    static double measure(Workers workers, Spin spin) {
        double[] rates = new double[ROUNDS];
        for (int round = 0; round < ROUNDS; round++) {
            double[] flops = new double[workers.threads() * 64];
            long start = System.nanoTime();
            workers.run(workers.threads() * TASKS, (task, worker) -> flops[worker * 64] += spin.times(REPEATS));
            double seconds = (System.nanoTime() - start) * 1e-9;
            rates[round] = Arrays.stream(flops).sum() / seconds;
        }
        Arrays.sort(rates);
        return rates[ROUNDS - ROUNDS / 50];
    }

    /// Chains in float32.
    static double spin(int repeats) {
        if (Float.isNaN(chains(repeats))) {
            throw new IllegalStateException("the chains must stay finite");
        }
        return 2.0 * CHAINS * repeats * Simd.LANES;
    }

    private static float chains(int repeats) {
        FloatVector factor = FloatVector.broadcast(SPECIES, 0.5f);
        FloatVector a = FloatVector.broadcast(SPECIES, 1f);
        FloatVector b = a, c = a, d = a, e = a, f = a, g = a, h = a, i = a, j = a, k = a, l = a;
        // called on the constant, whose class the compiler knows: on a variable of the loop it may not inline the call
        for (int r = 0; r < repeats; r++) {
            a = factor.fma(a, factor);
            b = factor.fma(b, factor);
            c = factor.fma(c, factor);
            d = factor.fma(d, factor);
            e = factor.fma(e, factor);
            f = factor.fma(f, factor);
            g = factor.fma(g, factor);
            h = factor.fma(h, factor);
            i = factor.fma(i, factor);
            j = factor.fma(j, factor);
            k = factor.fma(k, factor);
            l = factor.fma(l, factor);
        }
        return a.add(b).add(c).add(d).add(e).add(f).add(g).add(h).add(i).add(j).add(k).add(l).lane(0);
    }
}
