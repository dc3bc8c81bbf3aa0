package dev.cathode.kernels.cpu.x86;

import dev.cathode.kernels.cpu.Activation;
import dev.cathode.kernels.cpu.vector.GradientPasses;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.EnumMap;
import java.util.Map;

/// Passes of gradients by machine code, called as [EmittedPasses] are.
final class EmittedGradientPasses implements GradientPasses {
    private static final MethodHandle FOUR = Calls.critical(4);
    private static final MethodHandle FIVE = Calls.critical(5);
    private static final MethodHandle SIX = Calls.critical(6);
    private static final MethodHandle SEVEN = Calls.critical(7);
    private static final MethodHandle EIGHT = Calls.critical(8);

    private final Map<Activation, MemorySegment> chains = new EnumMap<>(Activation.class);
    private final Map<Activation, MemorySegment> channelSums = new EnumMap<>(Activation.class);
    private final Map<Activation, MemorySegment> channelGradients = new EnumMap<>(Activation.class);
    private final MemorySegment gate;
    private final MemorySegment rowMoments;
    private final MemorySegment rowSums;
    private final MemorySegment rowGradient;
    private final MemorySegment softmaxSums;
    private final MemorySegment softmax;
    private final MemorySegment logSoftmax;

    private EmittedGradientPasses(Offsets offsets, MachineCode code) {
        offsets.chains.forEach((activation, at) -> chains.put(activation, code.at(at)));
        offsets.channelSums.forEach((activation, at) -> channelSums.put(activation, code.at(at)));
        offsets.channelGradients.forEach((activation, at) -> channelGradients.put(activation, code.at(at)));
        gate = code.at(offsets.gate);
        rowMoments = code.at(offsets.rowMoments);
        rowSums = code.at(offsets.rowSums);
        rowGradient = code.at(offsets.rowGradient);
        softmaxSums = code.at(offsets.softmaxSums);
        softmax = code.at(offsets.softmax);
        logSoftmax = code.at(offsets.logSoftmax);
    }

    /// Appends the functions, and remembers where they start.
    static final class Offsets {
        private final Map<Activation, Integer> chains = new EnumMap<>(Activation.class);
        private final Map<Activation, Integer> channelSums = new EnumMap<>(Activation.class);
        private final Map<Activation, Integer> channelGradients = new EnumMap<>(Activation.class);
        private final int gate;
        private final int rowMoments;
        private final int rowSums;
        private final int rowGradient;
        private final int softmaxSums;
        private final int softmax;
        private final int logSoftmax;

        /// @param bits of a vector: 512 (AVX-512) or 256 (AVX2)
        Offsets(Assembler a, int bits) {
            for (Activation activation : Activation.values()) {
                chains.put(activation, a.function());
                GradientStreamCode.chain(a, bits, activation);
                channelSums.put(activation, a.function());
                ChannelGradientCode.sums(a, bits, activation);
                channelGradients.put(activation, a.function());
                ChannelGradientCode.gradient(a, bits, activation);
            }
            gate = a.function();
            GradientStreamCode.gate(a, bits);
            rowMoments = a.function();
            RowGradientCode.moments(a, bits);
            rowSums = a.function();
            RowGradientCode.sums(a, bits);
            rowGradient = a.function();
            RowGradientCode.gradient(a, bits);
            softmaxSums = a.function();
            SoftmaxCode.sums(a, bits);
            softmax = a.function();
            SoftmaxCode.gradient(a, bits);
            logSoftmax = a.function();
            SoftmaxCode.logGradient(a, bits);
        }

        /// The functions in executable memory.
        EmittedGradientPasses in(MachineCode code) {
            return new EmittedGradientPasses(this, code);
        }
    }

    private void call(Calls.Call call) {
        Calls.run(this, call);
    }

    @Override
    public void chain(Activation activation, long x, long dy, long dx, int count) {
        call(() -> { FOUR.invokeExact(chains.get(activation), x, dy, dx, 4L * count); });
    }

    @Override
    public void gate(long x, long gate, long dy, long dx, long dGate, int count) {
        call(() -> { SIX.invokeExact(this.gate, x, gate, dy, dx, dGate, 4L * count); });
    }

    @Override
    public void channelSums(Activation activation, long x, long dy, int rows, int channels, long factors, long sums) {
        if (rows > 0) {
            call(() -> { SIX.invokeExact(channelSums.get(activation), x, dy, (long) rows, 4L * channels, factors,
                    sums); });
        }
    }

    @Override
    public void channelGradient(Activation activation, long x, long dy, int rows, int channels, long factors, long dx) {
        if (rows > 0) {
            call(() -> { SIX.invokeExact(channelGradients.get(activation), x, dy, (long) rows, 4L * channels, factors,
                    dx); });
        }
    }

    @Override
    public void rowMoments(long x, int rows, int count, long factors, long totals) {
        if (rows > 0) {
            call(() -> { FIVE.invokeExact(rowMoments, x, (long) rows, 4L * count, factors, totals); });
        }
    }

    @Override
    public void rowSums(long x, long dy, int rows, int count, long weight, long factors, long sums, long totals) {
        if (rows > 0) {
            call(() -> { EIGHT.invokeExact(rowSums, x, dy, (long) rows, 4L * count, weight, factors, sums, totals); });
        }
    }

    @Override
    public void rowGradient(long x, long dy, int rows, int count, long weight, long factors, long dx) {
        if (rows > 0) {
            call(() -> { SEVEN.invokeExact(rowGradient, x, dy, (long) rows, 4L * count, weight, factors, dx); });
        }
    }

    @Override
    public void softmaxSums(long y, long dy, int rows, int count, long totals) {
        if (rows > 0) {
            call(() -> { FIVE.invokeExact(softmaxSums, y, (long) rows, 4L * count, dy, totals); });
        }
    }

    @Override
    public void softmax(long y, long dy, int rows, int count, long factors, long dx) {
        if (rows > 0) {
            call(() -> { SIX.invokeExact(softmax, y, (long) rows, 4L * count, dy, factors, dx); });
        }
    }

    @Override
    public void logSoftmax(long y, long dy, int rows, int count, long factors, long dx) {
        if (rows > 0) {
            call(() -> { SIX.invokeExact(logSoftmax, y, (long) rows, 4L * count, dy, factors, dx); });
        }
    }
}
