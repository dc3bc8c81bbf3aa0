package dev.cathode.kernels.cpu.x86;

import dev.cathode.kernels.cpu.Activation;
import dev.cathode.kernels.cpu.Elementwise;
import dev.cathode.kernels.cpu.vector.Conversions;
import dev.cathode.kernels.cpu.vector.Passes;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.EnumMap;
import java.util.Map;

/// Passes over numbers by machine code. All take microseconds and are called as critical: see [Calls#critical].
final class EmittedPasses implements Passes {
    private static final MethodHandle TWO = Calls.critical(2);
    private static final MethodHandle FOUR = Calls.critical(4);
    private static final MethodHandle FIVE = Calls.critical(5);
    private static final MethodHandle SIX = Calls.critical(6);
    private static final MethodHandle EIGHT = Calls.critical(8);
    private static final MethodHandle NINE = Calls.critical(9);

    private final int lanes;
    private final MemorySegment transposition;
    private final Map<Activation, MemorySegment> activations = new EnumMap<>(Activation.class);
    private final Map<Activation, MemorySegment> scalings = new EnumMap<>(Activation.class);
    private final MemorySegment gate;
    private final Map<Elementwise.Binary, MemorySegment> combinations = new EnumMap<>(Elementwise.Binary.class);
    /// For strips of several vectors, and of one.
    private final MemorySegment strips;
    private final MemorySegment strip;
    /// Without anything, with bias, with residual, with both.
    private final MemorySegment[] additions = new MemorySegment[4];
    /// Of inputs, outputs and weights; F(2×2), then F(4×4).
    private final MemorySegment[] winograd = new MemorySegment[6];
    private final MemorySegment addresses;
    private final MemorySegment rowSums;
    private final MemorySegment rowSquares;
    private final MemorySegment rowNormalization;
    private final Conversions conversions;
    /// Without a store, and with one.
    private final MemorySegment[] exponentials = new MemorySegment[2];
    private final MemorySegment rowScaling;
    private final MemorySegment rowSubtraction;

    private EmittedPasses(Offsets offsets, MachineCode code) {
        conversions = offsets.conversions.in(code);
        lanes = offsets.lanes;
        transposition = code.at(offsets.transposition);
        offsets.activations.forEach((activation, at) -> activations.put(activation, code.at(at)));
        offsets.scalings.forEach((activation, at) -> scalings.put(activation, code.at(at)));
        gate = code.at(offsets.gate);
        offsets.combinations.forEach((operation, at) -> combinations.put(operation, code.at(at)));
        strips = code.at(offsets.strips);
        strip = code.at(offsets.strip);
        for (int i = 0; i < additions.length; i++) {
            additions[i] = code.at(offsets.additions[i]);
        }
        for (int i = 0; i < winograd.length; i++) {
            winograd[i] = code.at(offsets.winograd[i]);
        }
        addresses = code.at(offsets.addresses);
        rowSums = code.at(offsets.rowSums);
        rowSquares = code.at(offsets.rowSquares);
        rowNormalization = code.at(offsets.rowNormalization);
        for (int i = 0; i < exponentials.length; i++) {
            exponentials[i] = code.at(offsets.exponentials[i]);
        }
        rowScaling = code.at(offsets.rowScaling);
        rowSubtraction = code.at(offsets.rowSubtraction);
    }

    /// Appends the functions, and remembers where they start.
    static final class Offsets {
        private final int lanes;
        private final int transposition;
        private final Map<Activation, Integer> activations = new EnumMap<>(Activation.class);
        private final Map<Activation, Integer> scalings = new EnumMap<>(Activation.class);
        private final int gate;
        private final Map<Elementwise.Binary, Integer> combinations = new EnumMap<>(Elementwise.Binary.class);
        private final int strips;
        private final int strip;
        private final int[] additions = new int[4];
        private final int[] winograd = new int[6];
        private final int addresses;
        private final int rowSums;
        private final int rowSquares;
        private final int rowNormalization;
        private final EmittedConversions.Offsets conversions;
        private final int[] exponentials = new int[2];
        private final int rowScaling;
        private final int rowSubtraction;

        /// @param bits of a vector: 512 (AVX-512) or 256 (AVX2)
        Offsets(Assembler a, int bits) {
            lanes = bits / Float.SIZE;
            transposition = a.function();
            TranspositionCode.write(a, bits);
            for (Activation activation : Activation.values()) {
                activations.put(activation, a.function());
                StreamCode.activate(a, bits, activation);
                scalings.put(activation, a.function());
                StreamCode.scale(a, bits, activation);
            }
            gate = a.function();
            ElementwiseCode.gate(a, bits);
            for (Elementwise.Binary operation : Elementwise.Binary.values()) {
                combinations.put(operation, a.function());
                ElementwiseCode.combine(a, bits, operation);
            }
            strips = a.function();
            StreamCode.moments(a, bits, StreamCode.CHANNELS);
            strip = a.function();
            StreamCode.moments(a, bits, 1);
            for (int i = 0; i < additions.length; i++) {
                additions[i] = a.function();
                StreamCode.add(a, bits, (i & 1) != 0, (i & 2) != 0);
            }
            for (int large = 0; large < 2; large++) {
                winograd[large] = a.function();
                WinogradCode.input(a, bits, 4 + 2 * large);
                winograd[2 + large] = a.function();
                WinogradCode.output(a, bits, 4 + 2 * large);
                winograd[4 + large] = a.function();
                WinogradCode.weights(a, bits, 4 + 2 * large);
            }
            addresses = a.function();
            StreamCode.addresses(a);
            rowSums = a.function();
            RowCode.sums(a, bits, false);
            rowSquares = a.function();
            RowCode.sums(a, bits, true);
            rowNormalization = a.function();
            RowCode.normalize(a, bits);
            conversions = new EmittedConversions.Offsets(a, bits);
            for (int i = 0; i < exponentials.length; i++) {
                exponentials[i] = a.function();
                SoftmaxCode.exponentials(a, bits, i == 1);
            }
            rowScaling = a.function();
            SoftmaxCode.scale(a, bits);
            rowSubtraction = a.function();
            SoftmaxCode.subtract(a, bits);
        }

        /// The functions in executable memory.
        EmittedPasses in(MachineCode code) {
            return new EmittedPasses(this, code);
        }
    }

    private void call(Calls.Call call) {
        Calls.run(this, call);
    }

    @Override
    public Conversions conversions() {
        return conversions;
    }

    @Override
    public void transpose(long x, long xStride, int rows, int columns, long y, long yStride, long square) {
        if (rows > 0 && columns > 0) {
            call(() -> { SIX.invokeExact(transposition, x, xStride, (long) rows, (long) columns, y, yStride); });
        }
    }

    @Override
    public void activate(Activation activation, long x, long count) {
        if (activation != Activation.NONE) {
            call(() -> { TWO.invokeExact(activations.get(activation), x, 4 * count); });
        }
    }

    @Override
    public void gate(long x, long gate, long y, long yStride, int rows, int count) {
        if (rows > 0) {
            call(() -> { SIX.invokeExact(this.gate, x, gate, y, yStride, (long) rows, 4L * count); });
        }
    }

    @Override
    public void combine(Elementwise.Binary operation, long a, long b, long y, long count) {
        call(() -> { FOUR.invokeExact(combinations.get(operation), a, b, y, 4 * count); });
    }

    @Override
    public void scale(Activation activation, long x, long xStride, long scale, long shift, long y, long yStride,
                      int rows, int count) {
        if (rows > 0) {
            call(() -> { EIGHT.invokeExact(scalings.get(activation), x, xStride, scale, shift, y, yStride, (long) rows,
                    4L * count); });
        }
    }

    @Override
    public void moments(long x, long xStride, int rows, long sums, long squares, int count) {
        int wide = count / (StreamCode.CHANNELS * lanes);
        int narrow = count / lanes - wide * StreamCode.CHANNELS;
        if (wide > 0) {
            call(() -> { SIX.invokeExact(strips, x, xStride, (long) rows, sums, squares, (long) wide); });
        }
        if (narrow > 0) {
            long done = 4L * wide * StreamCode.CHANNELS * lanes;
            call(() -> { SIX.invokeExact(strip, x + done, xStride, (long) rows, sums + done, squares + done,
                    (long) narrow); });
        }
    }

    @Override
    public void add(long x, long xStride, long bias, long residual, long residualStride, long y, long yStride,
                    int rows, int count) {
        if (rows > 0) {
            MemorySegment function = additions[(bias != 0 ? 1 : 0) + (residual != 0 ? 2 : 0)];
            call(() -> { NINE.invokeExact(function, x, xStride, bias, residual, residualStride, y, yStride, (long) rows,
                    4L * count); });
        }
    }

    @Override
    public void addresses(long table, long first, long step, int count) {
        if (count > 0) {
            call(() -> { FOUR.invokeExact(addresses, table, first, step, (long) count); });
        }
    }

    @Override
    public void winogradInput(int size, long table, long step, long nextStep, long offset, long to, long toStep,
                              long nextTo, int n) {
        MemorySegment function = winograd[size == 6 ? 1 : 0];
        call(() -> { EIGHT.invokeExact(function, table, step, nextStep, offset, to, toStep, nextTo, 4L * n); });
    }

    @Override
    public void winogradOutput(int size, int lines, long from, long fromStep, long nextFrom, long to, long toStep,
                               long nextTo, int n) {
        MemorySegment function = winograd[size == 6 ? 3 : 2];
        call(() -> { EIGHT.invokeExact(function, from, fromStep, nextFrom, to, toStep, nextTo, (long) lines, 4L * n); });
    }

    @Override
    public void winogradWeights(int size, long from, long fromStep, long to, long toStep, int n) {
        MemorySegment function = winograd[size == 6 ? 5 : 4];
        call(() -> { EIGHT.invokeExact(function, from, fromStep, 0L, to, toStep, 0L, 1L, 4L * n); });
    }

    @Override
    public void rowSums(long x, int rows, int count, long sums) {
        if (rows > 0) {
            call(() -> { FOUR.invokeExact(rowSums, x, (long) rows, 4L * count, sums); });
        }
    }

    @Override
    public void rowSquares(long x, int rows, int count, long means, long sums) {
        if (rows > 0) {
            call(() -> { FIVE.invokeExact(rowSquares, x, (long) rows, 4L * count, sums, means); });
        }
    }

    @Override
    public void normalizeRows(long x, int rows, int count, long means, long factors, long weight, long bias, long y) {
        if (rows > 0 && count > 0) {
            call(() -> { EIGHT.invokeExact(rowNormalization, x, (long) rows, 4L * count, means, factors, weight, bias,
                    y); });
        }
    }

    @Override
    public void exponentials(long x, int rows, int count, long y, long sums) {
        if (rows > 0) {
            MemorySegment function = exponentials[y == 0 ? 0 : 1];
            call(() -> { FIVE.invokeExact(function, x, (long) rows, 4L * count, y, sums); });
        }
    }

    @Override
    public void scaleRows(long x, int rows, int count, long factors) {
        if (rows > 0) {
            call(() -> { FOUR.invokeExact(rowScaling, x, (long) rows, 4L * count, factors); });
        }
    }

    @Override
    public void subtractRows(long x, int rows, int count, long shifts, long y) {
        if (rows > 0) {
            call(() -> { FIVE.invokeExact(rowSubtraction, x, (long) rows, 4L * count, shifts, y); });
        }
    }
}
