package dev.cathode.kernels.cpu.x86;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.ref.Reference;
import java.util.Collections;

/// The machine code of attention, for panels of one to [#widest] vectors of queries. See [AttentionCode] and
/// [TransposeCode] for what the functions do and what their numbers mean.
final class AttentionFunctions {
    /// One handle for all functions of a signature: the address is its first argument, so the compiler sees a constant.
    private static final MethodHandle NINE = handle(9);
    private static final MethodHandle SEVEN = handle(7);
    private static final MethodHandle FOUR = handle(4);
    private static final MethodHandle THREE = handle(3);

    private enum Function { SCORES, WEIGHTS, VALUES, IN, OUT }

    private final int lanes;
    private final MemorySegment[][] functions;

    private AttentionFunctions(int bits, MemorySegment[][] functions) {
        lanes = bits / 32;
        this.functions = functions;
    }

    /// What became of the code.
    sealed interface Outcome {
        /// It can be called.
        record Ready(AttentionFunctions functions) implements Outcome { }

        /// The system does not let us.
        record Refused(String reason) implements Outcome { }
    }

    /// Writes the functions for vectors of 512 bits (AVX-512) or 256 (AVX2).
    static Outcome install(int bits, Pages pages, Arena arena) {
        Assembler a = new Assembler();
        int widest = widest(bits);
        int[][] offsets = new int[widest][Function.values().length];
        for (int vectors = 1; vectors <= widest; vectors++) {
            AttentionCode block = new AttentionCode(a, vectors, bits);
            TransposeCode way = new TransposeCode(a, vectors, bits);
            for (Function function : Function.values()) {
                a.align(64);
                offsets[vectors - 1][function.ordinal()] = a.position();
                switch (function) {
                    case SCORES -> block.scores();
                    case WEIGHTS -> block.weights();
                    case VALUES -> block.values();
                    case IN -> way.in();
                    case OUT -> way.out();
                }
            }
        }
        return switch (MachineCode.install(a.assemble(), pages, arena)) {
            case MachineCode.Installation.Refused(String reason) -> new Outcome.Refused(reason);
            case MachineCode.Installation.Installed(MachineCode code) -> {
                MemorySegment[][] functions = new MemorySegment[widest][Function.values().length];
                for (int v = 0; v < widest; v++) {
                    for (int f = 0; f < functions[v].length; f++) {
                        functions[v][f] = code.at(offsets[v][f]);
                    }
                }
                yield new Outcome.Ready(new AttentionFunctions(bits, functions));
            }
        };
    }

    /// As many vectors as leave room in the registers for six rows of sums.
    private static int widest(int bits) {
        return bits == 512 ? 4 : 2;
    }

    /// Floats of a vector.
    int lanes() {
        return lanes;
    }

    /// Vectors of the widest panel.
    int widest() {
        return functions.length;
    }

    @SuppressWarnings("restricted")
    private static MethodHandle handle(int numbers) {
        return Linker.nativeLinker().downcallHandle(FunctionDescriptor.ofVoid(
                Collections.nCopies(numbers, JAVA_LONG).toArray(MemoryLayout[]::new)));
    }

    void scores(int vectors, long q, long k, long kStride, int depth, int keys, long s, long add, long addStride,
                long maxima) {
        try {
            NINE.invokeExact(functions[vectors - 1][0], q, k, kStride, 4L * depth, (long) keys, s, add, addStride,
                    maxima);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        } finally {
            Reference.reachabilityFence(this); // the code lives as long as this
        }
    }

    void weights(int vectors, long s, int keys, long state) {
        try {
            THREE.invokeExact(functions[vectors - 1][1], s, (long) keys, state);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    void values(int vectors, long w, int keys, long v, long vStride, int channels, long o, long correction) {
        try {
            SEVEN.invokeExact(functions[vectors - 1][2], w, (long) keys, v, vStride, (long) channels, o, correction);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    void in(int vectors, long table, int channels, long factor, long panel) {
        four(functions[vectors - 1][3], table, channels, factor, panel);
    }

    void out(int vectors, long table, int channels, long divisor, long panel) {
        four(functions[vectors - 1][4], table, channels, divisor, panel);
    }

    private void four(MemorySegment function, long table, long channels, long by, long panel) {
        try {
            FOUR.invokeExact(function, table, channels, by, panel);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        } finally {
            Reference.reachabilityFence(this);
        }
    }
}
