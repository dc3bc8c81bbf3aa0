package dev.cathode.kernels.cpu.vector;

import static dev.cathode.kernels.cpu.OffHeap.ALL;
import static dev.cathode.kernels.cpu.vector.Simd.LANES;
import static dev.cathode.kernels.cpu.vector.Simd.LE;
import static dev.cathode.kernels.cpu.vector.Simd.SPECIES;
import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.cathode.kernels.cpu.Optimization;
import dev.cathode.kernels.cpu.Workers;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;
import jdk.incubator.vector.FloatVector;

/// Optimizer steps in one pass over memory, whose bandwidth is what they cost. The numbers at the end that fill no
/// vector are computed one by one with the same roundings, so that a number's result does not depend on its place.
final class VectorOptimization implements Optimization {
    static {
        CompilerDirectives.install();
    }

    private final Updates updates;

    /// @param updates the loops over whole vectors
    VectorOptimization(Updates updates) {
        this.updates = updates;
    }

    /// Adam's constants as the loop needs them: `p = p · keep - stepSize · m / (√v + epsilon)`, where the second bias
    /// correction has moved into step size and epsilon.
    ///
    /// @param keep what the decoupled weight decay leaves of a parameter
    /// @param decay weight decay that is added to the gradient
    /// @param scale factor on the gradient
    /// @param newFirst 1 - β1
    /// @param oldSecond β2
    /// @param newSecond 1 - β2
    private record AdamFactors(float keep, float decay, float scale, float newFirst, float oldSecond, float newSecond,
                               float stepSize, float epsilon) {
        static AdamFactors of(Adam a) {
            double first = 1 - Math.pow(a.beta1(), a.step());
            double second = Math.sqrt(1 - Math.pow(a.beta2(), a.step()));
            return new AdamFactors(a.decoupled() ? (float) (1 - a.learningRate() * a.weightDecay()) : 1,
                    a.decoupled() ? 0 : (float) a.weightDecay(), a.gradientScale(), (float) (1 - a.beta1()),
                    (float) a.beta2(), (float) (1 - a.beta2()), (float) (a.learningRate() * second / first),
                    (float) (a.epsilon() * second));
        }
    }

    @Override
    public void adam(Adam constants, long parameter, long gradient, long firstMoment, long secondMoment, long count,
                     Workers workers) {
        if (!Float.isFinite(constants.gradientScale())) {
            return;
        }
        AdamFactors a = AdamFactors.of(constants);
        try (Arena arena = Arena.ofConfined()) {
            long factors = arena.allocateFrom(JAVA_FLOAT, a.keep, a.decay, a.scale, a.newFirst, a.oldSecond, a.newSecond,
                    -a.stepSize, a.epsilon).address();
            VectorElementwise.chunks(count, workers, (start, n) -> {
                int whole = n - n % LANES;
                long at = 4 * start;
                updates.adam(factors, parameter + at, gradient + at, firstMoment + at, secondMoment + at, whole);
                at += 4L * whole;
                adamRest(a, parameter + at, gradient + at, firstMoment + at, secondMoment + at, n - whole);
            });
        }
    }

    private static void adamRest(AdamFactors a, long parameter, long gradient, long first, long second, int count) {
        for (int i = 0; i < count; i++) {
            float p = get(parameter, i);
            float g = Math.fma(p, a.decay, get(gradient, i) * a.scale);
            float m = get(first, i);
            m = Math.fma(g - m, a.newFirst, m);
            float v = Math.fma(g * g, a.newSecond, get(second, i) * a.oldSecond);
            set(first, i, m);
            set(second, i, v);
            set(parameter, i, Math.fma(m / ((float) Math.sqrt(v) + a.epsilon), -a.stepSize, p * a.keep));
        }
    }

    /// What one step of SGD multiplies with.
    ///
    /// @param learningRate step size
    /// @param momentum share of the old buffer in the new one
    /// @param decay weight decay, added to the gradient
    /// @param scale factor on the gradient
    /// @param carried share of the new buffer in the step: the momentum with Nesterov's, else 1
    /// @param direct share of the gradient itself: 1 with Nesterov's momentum, else 0
    private record SgdFactors(float learningRate, float momentum, float decay, float scale, float carried,
                              float direct) { }

    @Override
    public void sgd(double learningRate, double momentum, double weightDecay, boolean nesterov, boolean firstStep,
                    float gradientScale, long parameter, long gradient, long buffer, long count, Workers workers) {
        if (!Float.isFinite(gradientScale)) {
            return;
        }
        SgdFactors s = new SgdFactors((float) learningRate, (float) momentum, (float) weightDecay, gradientScale,
                nesterov ? (float) momentum : 1, nesterov ? 1 : 0);
        VectorElementwise.chunks(count, workers, (start, n) -> {
            if (buffer == 0) {
                sgd(s, parameter + 4 * start, gradient + 4 * start, n);
            } else {
                if (firstStep) { // its old numbers mean nothing, not even finite ones
                    ALL.asSlice(buffer + 4 * start, 4L * n).fill((byte) 0);
                }
                sgd(s, parameter + 4 * start, gradient + 4 * start, buffer + 4 * start, n);
            }
        });
    }

    private static void sgd(SgdFactors s, long parameter, long gradient, int count) {
        FloatVector decay = FloatVector.broadcast(SPECIES, s.decay);
        FloatVector scale = FloatVector.broadcast(SPECIES, s.scale);
        FloatVector rate = FloatVector.broadcast(SPECIES, -s.learningRate);
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            FloatVector p = FloatVector.fromMemorySegment(SPECIES, ALL, parameter + 4L * i, LE);
            FloatVector g = FloatVector.fromMemorySegment(SPECIES, ALL, gradient + 4L * i, LE);
            p.fma(decay, g.mul(scale)).fma(rate, p).intoMemorySegment(ALL, parameter + 4L * i, LE);
        }
        for (; i < count; i++) {
            float p = get(parameter, i);
            set(parameter, i, Math.fma(Math.fma(p, s.decay, get(gradient, i) * s.scale), -s.learningRate, p));
        }
    }

    private static void sgd(SgdFactors s, long parameter, long gradient, long buffer, int count) {
        FloatVector decay = FloatVector.broadcast(SPECIES, s.decay);
        FloatVector scale = FloatVector.broadcast(SPECIES, s.scale);
        FloatVector rate = FloatVector.broadcast(SPECIES, -s.learningRate);
        FloatVector momentum = FloatVector.broadcast(SPECIES, s.momentum);
        FloatVector carried = FloatVector.broadcast(SPECIES, s.carried);
        FloatVector direct = FloatVector.broadcast(SPECIES, s.direct);
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            FloatVector p = FloatVector.fromMemorySegment(SPECIES, ALL, parameter + 4L * i, LE);
            FloatVector g = FloatVector.fromMemorySegment(SPECIES, ALL, gradient + 4L * i, LE);
            g = p.fma(decay, g.mul(scale));
            FloatVector b = FloatVector.fromMemorySegment(SPECIES, ALL, buffer + 4L * i, LE).fma(momentum, g);
            b.intoMemorySegment(ALL, buffer + 4L * i, LE);
            b.fma(carried, g.mul(direct)).fma(rate, p).intoMemorySegment(ALL, parameter + 4L * i, LE);
        }
        for (; i < count; i++) {
            float p = get(parameter, i);
            float g = Math.fma(p, s.decay, get(gradient, i) * s.scale);
            float b = Math.fma(get(buffer, i), s.momentum, g);
            set(buffer, i, b);
            set(parameter, i, Math.fma(Math.fma(b, s.carried, g * s.direct), -s.learningRate, p));
        }
    }

    @Override
    public void average(double decay, long average, long x, long count, Workers workers) {
        float share = (float) (1 - decay);
        VectorElementwise.chunks(count, workers, (start, n) -> {
            updates.average(share, average + 4 * start, x + 4 * start, n - n % LANES);
            for (long i = start + n - n % LANES; i < start + n; i++) {
                float a = get(average, i);
                set(average, i, Math.fma(get(x, i) - a, share, a));
            }
        });
    }

    @Override
    public void accumulate(float scale, long x, long sum, long count, Workers workers) {
        VectorElementwise.chunks(count, workers, (start, n) ->
                accumulate(updates, scale, x + 4 * start, sum + 4 * start, n));
    }

    /// `sum += scale · x` on this thread.
    static void accumulate(Updates updates, float scale, long x, long sum, int count) {
        updates.accumulate(scale, sum, x, count - count % LANES);
        for (int i = count - count % LANES; i < count; i++) {
            set(sum, i, Math.fma(get(x, i), scale, get(sum, i)));
        }
    }

    @Override
    public double sumOfSquares(long x, long count, Workers workers) {
        int chunks = Math.toIntExact(Math.ceilDiv(count, (long) VectorElementwise.CHUNK));
        double[] parts = new double[chunks];
        try (Arena arena = Arena.ofConfined()) {
            long lanes = arena.allocate(8L * LANES * chunks, 64).address();
            VectorElementwise.chunks(count, workers, (start, n) -> {
                int chunk = (int) (start / VectorElementwise.CHUNK);
                parts[chunk] = sumOfSquares(x + 4 * start, n, lanes + 8L * LANES * chunk);
            });
        }
        return Arrays.stream(parts).reduce(0, Double::sum);
    }

    private double sumOfSquares(long x, int count, long lanes) {
        updates.squares(x, count - count % LANES, lanes);
        double sum = 0;
        for (int i = 0; i < LANES / 2; i++) {
            sum += ALL.get(JAVA_DOUBLE, lanes + 8L * i) + ALL.get(JAVA_DOUBLE, lanes + 8L * (i + LANES / 2));
        }
        for (int i = count - count % LANES; i < count; i++) {
            double number = get(x, i);
            sum += number * number;
        }
        return sum;
    }

    @Override
    public long firstNonFinite(long x, long count, Workers workers) {
        AtomicLong first = new AtomicLong(Long.MAX_VALUE);
        VectorElementwise.chunks(count, workers, (start, n) -> {
            if (start < first.get() && !allFinite(x + 4 * start, n)) {
                int i = 0;
                while (Float.isFinite(get(x, start + i))) {
                    i++;
                }
                first.accumulateAndGet(start + i, Math::min);
            }
        });
        return first.get() == Long.MAX_VALUE ? -1 : first.get();
    }

    /// 0 · x is 0 for finite numbers and NaN for others, and NaN stays in a sum.
    private static boolean allFinite(long x, int count) {
        FloatVector sum = FloatVector.zero(SPECIES);
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            sum = FloatVector.fromMemorySegment(SPECIES, ALL, x + 4L * i, LE).fma(FloatVector.zero(SPECIES), sum);
        }
        float rest = 0;
        for (; i < count; i++) {
            rest += 0 * get(x, i);
        }
        return rest == 0 && sum.eq(0).allTrue();
    }

    private static float get(long x, long index) {
        return ALL.get(JAVA_FLOAT_UNALIGNED, x + 4 * index);
    }

    private static void set(long x, long index, float number) {
        ALL.set(JAVA_FLOAT_UNALIGNED, x + 4 * index, number);
    }
}
