package dev.cathode.kernels.cpu.x86;

import dev.cathode.kernels.cpu.Activation;
import dev.cathode.kernels.cpu.vector.GradientPasses;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.ref.Reference;
import java.util.EnumMap;
import java.util.Map;

/// Passes of gradients by machine code, called as [EmittedPasses] are.
final class EmittedGradientPasses implements GradientPasses {
    private static final MethodHandle FOUR = Calls.critical(4);

    private final Map<Activation, MemorySegment> chains = new EnumMap<>(Activation.class);

    private EmittedGradientPasses(Offsets offsets, MachineCode code) {
        offsets.chains.forEach((activation, at) -> chains.put(activation, code.at(at)));
    }

    /// Appends the functions, and remembers where they start.
    static final class Offsets {
        private final Map<Activation, Integer> chains = new EnumMap<>(Activation.class);

        /// @param bits of a vector: 512 (AVX-512) or 256 (AVX2)
        Offsets(Assembler a, int bits) {
            for (Activation activation : Activation.values()) {
                chains.put(activation, start(a));
                GradientStreamCode.chain(a, bits, activation);
            }
        }

        private static int start(Assembler a) {
            a.align(64);
            return a.position();
        }

        /// The functions in executable memory.
        EmittedGradientPasses in(MachineCode code) {
            return new EmittedGradientPasses(this, code);
        }
    }

    /// A call of machine code.
    @FunctionalInterface
    private interface Call {
        void run() throws Throwable;
    }

    private void call(Call call) {
        try {
            call.run();
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        } finally {
            Reference.reachabilityFence(this); // the code lives as long as this
        }
    }

    @Override
    public void chain(Activation activation, long x, long dy, long dx, int count) {
        call(() -> { FOUR.invokeExact(chains.get(activation), x, dy, dx, 4L * count); });
    }
}
