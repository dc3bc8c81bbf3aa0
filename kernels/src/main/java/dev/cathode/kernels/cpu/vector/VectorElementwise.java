package dev.cathode.kernels.cpu.vector;

import static dev.cathode.kernels.cpu.OffHeap.ALL;
import static dev.cathode.kernels.cpu.vector.Simd.LANES;
import static dev.cathode.kernels.cpu.vector.Simd.LE;
import static dev.cathode.kernels.cpu.vector.Simd.SPECIES;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import dev.cathode.kernels.cpu.Activation;
import dev.cathode.kernels.cpu.Elementwise;
import dev.cathode.kernels.cpu.WeightStorage;
import dev.cathode.kernels.cpu.Workers;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/// Element-wise functions on vectors. Work is cut into chunks that stay in the second-level cache; the end of a chunk
/// that fills no vector goes through a mask.
final class VectorElementwise implements Elementwise {
    static {
        CompilerDirectives.install();
    }

    static final int CHUNK = 1 << 14;

    private final Passes passes;

    VectorElementwise() {
        this(new VectorPasses());
    }

    VectorElementwise(Passes passes) {
        this.passes = passes;
    }

    /// One chunk: `count` numbers from number `start`.
    @FunctionalInterface
    interface Chunk {
        void run(long start, int count);
    }

    /// Runs chunks in parallel; chunk i starts at number i · CHUNK.
    static void chunks(long count, Workers workers, Chunk chunk) {
        workers.run(Math.toIntExact((count + CHUNK - 1) / CHUNK), (index, _) -> {
            long start = (long) index * CHUNK;
            chunk.run(start, (int) Math.min(CHUNK, count - start));
        });
    }

    @Override
    public void activate(Activation activation, long x, long y, long count, Workers workers) {
        chunks(count, workers, (start, n) -> activate(activation, x + 4 * start, y + 4 * start, n));
    }

    /// `y = activation(x)` on this thread.
    private void activate(Activation activation, long x, long y, int count) {
        if (x != y) {
            MemorySegment.copy(ALL, x, ALL, y, 4L * count);
        }
        int whole = count - count % LANES;
        passes.activate(activation, y, whole);
        if (whole < count) {
            VectorMask<Float> mask = SPECIES.indexInRange(whole, count);
            long end = y + 4L * whole;
            VectorMath.activate(activation, load(end, mask)).intoMemorySegment(ALL, end, LE, mask);
        }
    }

    @Override
    public void affine(float scale, float shift, long x, long y, long count, Workers workers) {
        chunks(count, workers, (start, n) -> affine(scale, shift, x + 4 * start, y + 4 * start, n));
    }

    /// `y = scale · x + shift` on this thread.
    static void affine(float scale, float shift, long x, long y, int count) {
        FloatVector factor = FloatVector.broadcast(SPECIES, scale);
        FloatVector summand = FloatVector.broadcast(SPECIES, shift);
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            load(x + 4L * i).fma(factor, summand).intoMemorySegment(ALL, y + 4L * i, LE);
        }
        if (i < count) {
            VectorMask<Float> mask = SPECIES.indexInRange(i, count);
            load(x + 4L * i, mask).fma(factor, summand).intoMemorySegment(ALL, y + 4L * i, LE, mask);
        }
    }

    @Override
    public void binary(Binary operation, long a, long b, long y, long count, Workers workers) {
        chunks(count, workers, (start, n) -> passes.combine(operation, a + 4 * start, b + 4 * start,
                y + 4 * start, n));
    }

    @Override
    public void broadcast(Binary operation, long a, long b, long y, int outer, int middle, int inner, Workers workers) {
        if (inner == 1) {
            workers.run(outer, (o, _) -> {
                float number = ALL.get(JAVA_FLOAT_UNALIGNED, b + 4L * o);
                long at = 4L * o * middle;
                scalar(operation, a + at, number, y + at, middle);
            });
            return;
        }
        int rows = outer * middle;
        int together = Math.max(1, CHUNK / inner);
        workers.run((rows + together - 1) / together, (index, _) -> {
            for (int r = index * together; r < Math.min(rows, (index + 1) * together); r++) {
                long at = 4L * r * inner;
                passes.combine(operation, a + at, b + 4L * (r / middle) * inner, y + at, inner);
            }
        });
    }

    private static void scalar(Binary operation, long a, float b, long y, int count) {
        switch (operation) {
            case ADD -> affine(1, b, a, y, count);
            case SUBTRACT -> affine(1, -b, a, y, count);
            case MULTIPLY -> affine(b, -0f, a, y, count); // adding +0 would lose the sign of -0
            case DIVIDE -> {
                for (int i = 0; i < count; i++) {
                    ALL.set(JAVA_FLOAT_UNALIGNED, y + 4L * i, ALL.get(JAVA_FLOAT_UNALIGNED, a + 4L * i) / b);
                }
            }
        }
    }

    @Override
    public void geglu(long x, long y, int rows, int columns, Workers workers) {
        int together = Math.max(1, CHUNK / columns);
        workers.run((rows + together - 1) / together, (index, _) -> {
            for (int r = index * together; r < Math.min(rows, (index + 1) * together); r++) {
                long left = 8L * r * columns;
                passes.gate(x + left, x + left + 4L * columns, y + left / 2, 0, 1, columns);
            }
        });
    }

    @Override
    public void widen(WeightStorage from, long x, long y, long count, Workers workers) {
        chunks(count, workers, (start, n) -> widen(passes.conversions(), from, x + from.bytes() * start, y + 4 * start, n));
    }

    /// One chunk or row; also what embedding uses.
    static void widen(Conversions conversions, WeightStorage from, long x, long y, int count) {
        if (from == WeightStorage.F32) {
            MemorySegment.copy(ALL, x, ALL, y, 4L * count);
            return;
        }
        int whole = count - count % LANES;
        conversions.widen(from, x, y, whole);
        for (int i = whole; i < count; i++) {
            ALL.set(JAVA_FLOAT_UNALIGNED, y + 4L * i, HalfFloats.get(from, x + 2L * i));
        }
    }

    @Override
    public void narrow(WeightStorage to, long x, long y, long count, Workers workers) {
        chunks(count, workers, (start, n) -> narrow(to, x + 4 * start, y + to.bytes() * start, n));
    }

    private void narrow(WeightStorage to, long x, long y, int count) {
        if (to == WeightStorage.F32) {
            MemorySegment.copy(ALL, x, ALL, y, 4L * count);
            return;
        }
        int whole = count - count % LANES;
        passes.conversions().narrow(to, x, y, whole);
        for (int i = whole; i < count; i++) {
            float number = ALL.get(JAVA_FLOAT_UNALIGNED, x + 4L * i);
            ALL.set(JAVA_SHORT_UNALIGNED, y + 2L * i, to == WeightStorage.F16 ? Float.floatToFloat16(number) : bf16(number));
        }
    }

    private static short bf16(float number) {
        int bits = Float.floatToRawIntBits(number);
        return (short) (Float.isNaN(number) ? bits >>> 16 | 0x40 : bits + 0x7fff + (bits >>> 16 & 1) >>> 16);
    }

    @Override
    public double sum(Loss loss, long x, long target, long weights, long count, Workers workers) {
        double[] parts = new double[Math.toIntExact((count + CHUNK - 1) / CHUNK)];
        chunks(count, workers, (start, n) -> parts[(int) (start / CHUNK)] = sum(loss, x + 4 * start, target + 4 * start,
                weights == 0 ? 0 : weights + 4 * start, n));
        return Arrays.stream(parts).reduce(0, Double::sum);
    }

    private static double sum(Loss loss, long x, long target, long weights, int count) {
        double sum = 0;
        for (int i = 0; i < count; i++) {
            double v = ALL.get(JAVA_FLOAT_UNALIGNED, x + 4L * i);
            double t = loss == Loss.IDENTITY ? 0 : ALL.get(JAVA_FLOAT_UNALIGNED, target + 4L * i);
            double one = switch (loss) {
                case SQUARED_ERROR -> (v - t) * (v - t);
                case BINARY_CROSS_ENTROPY_WITH_LOGITS -> Math.max(v, 0) - v * t + Math.log1p(Math.exp(-Math.abs(v)));
                case IDENTITY -> v;
            };
            sum += weights == 0 ? one : one * ALL.get(JAVA_FLOAT_UNALIGNED, weights + 4L * i);
        }
        return sum;
    }

    private static FloatVector load(long address) {
        return FloatVector.fromMemorySegment(SPECIES, ALL, address, LE);
    }

    private static FloatVector load(long address, VectorMask<Float> mask) {
        return FloatVector.fromMemorySegment(SPECIES, ALL, address, LE, mask);
    }
}
