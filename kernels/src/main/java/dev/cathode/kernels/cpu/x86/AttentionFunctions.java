package dev.cathode.kernels.cpu.x86;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.ref.Reference;

/// The machine code of attention, for panels of one to [#widest] vectors of queries. See [AttentionCode],
/// [TransposeCode], [BlockProductCode], [PairCode] and [RoundingCode] for what the functions do and what their numbers
/// mean.
final class AttentionFunctions {
    private static final MethodHandle ELEVEN = Calls.of(11);
    private static final MethodHandle NINE = Calls.of(9);
    private static final MethodHandle EIGHT = Calls.of(8);
    private static final MethodHandle SEVEN = Calls.of(7);
    private static final MethodHandle FOUR = Calls.of(4);
    private static final MethodHandle THREE = Calls.of(3);

    /// Functions that there are for each width of a panel.
    private enum Panel { SCORES, WEIGHTS, VALUES, PAIR_SCORES, PAIR_WEIGHTS, PAIR_VALUES, IN, OUT, BLOCK }

    private final int lanes;
    private final MemorySegment[][] panels;
    /// Functions that make pairs of bfloat16 numbers; null if the processor cannot.
    private final MemorySegment rounding;
    private final MemorySegment pairing;
    private final EmittedScorePasses passes;

    private AttentionFunctions(int bits, MemorySegment[][] panels, MemorySegment rounding, MemorySegment pairing,
                               EmittedScorePasses passes) {
        lanes = bits / 32;
        this.panels = panels;
        this.rounding = rounding;
        this.pairing = pairing;
        this.passes = passes;
    }

    /// What became of the code.
    sealed interface Outcome {
        /// It can be called.
        record Ready(AttentionFunctions functions) implements Outcome { }

        /// The system does not let us.
        record Refused(String reason) implements Outcome { }
    }

    /// Writes the functions for vectors of 512 bits (AVX-512) or 256 (AVX2).
    ///
    /// @param pairs whether the processor multiplies pairs of bfloat16 numbers; needs 512 bits
    static Outcome install(int bits, boolean pairs, Pages pages, Arena arena) {
        Assembler a = new Assembler();
        int widest = bits == 512 ? 4 : 2; // as many vectors as leave room in the registers for six rows of sums
        int[][] offsets = new int[widest][Panel.values().length];
        for (int vectors = 1; vectors <= widest; vectors++) {
            for (Panel function : Panel.values()) {
                offsets[vectors - 1][function.ordinal()] = a.function();
                write(a, function, vectors, bits, pairs);
            }
        }
        EmittedScorePasses.Offsets passes = new EmittedScorePasses.Offsets(a, bits);
        int rounding = a.function();
        if (pairs) {
            RoundingCode.rows(a);
        }
        int pairing = a.function();
        if (pairs) {
            PairCode.rows(a);
        }
        return switch (MachineCode.install(a.assemble(), pages, arena)) {
            case MachineCode.Installation.Refused(String reason) -> new Outcome.Refused(reason);
            case MachineCode.Installation.Installed(MachineCode code) -> {
                MemorySegment[][] panels = new MemorySegment[widest][Panel.values().length];
                for (int v = 0; v < widest; v++) {
                    for (int f = 0; f < panels[v].length; f++) {
                        panels[v][f] = code.at(offsets[v][f]);
                    }
                }
                yield new Outcome.Ready(new AttentionFunctions(bits, panels, pairs ? code.at(rounding) : null,
                        pairs ? code.at(pairing) : null, passes.in(code)));
            }
        };
    }

    private static void write(Assembler a, Panel function, int vectors, int bits, boolean pairs) {
        AttentionCode plain = new AttentionCode(a, vectors, bits, false);
        TransposeCode way = new TransposeCode(a, vectors, bits);
        switch (function) {
            case SCORES -> plain.scores();
            case WEIGHTS -> plain.weights();
            case VALUES -> plain.values();
            case IN -> way.in();
            case OUT -> way.out();
            case BLOCK -> BlockProductCode.write(a, vectors, bits);
            case PAIR_SCORES, PAIR_WEIGHTS, PAIR_VALUES -> {
                if (pairs) {
                    AttentionCode paired = new AttentionCode(a, vectors, bits, true);
                    switch (function) {
                        case PAIR_SCORES -> paired.scores();
                        case PAIR_WEIGHTS -> paired.weights();
                        default -> paired.values();
                    }
                }
            }
        }
    }

    /// The passes of the gradient.
    EmittedScorePasses passes() {
        return passes;
    }

    /// Floats of a vector.
    int lanes() {
        return lanes;
    }

    /// Vectors of the widest panel.
    int widest() {
        return panels.length;
    }

    /// Whether there are functions for pairs of bfloat16 numbers.
    boolean pairs() {
        return pairing != null;
    }

    /// @param depth floats, or pairs of channels
    void scores(boolean pairs, int vectors, long q, long k, long kStride, int depth, int keys, long s, long add,
                long addStride, long maxima) {
        MemorySegment function = panel(pairs ? Panel.PAIR_SCORES : Panel.SCORES, vectors);
        try {
            NINE.invokeExact(function, q, k, kStride, 4L * depth, (long) keys, s, add, addStride, maxima);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        } finally {
            Reference.reachabilityFence(this); // the code lives as long as this
        }
    }

    void weights(boolean pairs, int vectors, long s, int keys, long state) {
        MemorySegment function = panel(pairs ? Panel.PAIR_WEIGHTS : Panel.WEIGHTS, vectors);
        try {
            THREE.invokeExact(function, s, (long) keys, state);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /// @param keys keys, or pairs of keys
    void values(boolean pairs, int vectors, long w, int keys, long v, long vStride, int channels, long o,
                long correction, long ahead) {
        MemorySegment function = panel(pairs ? Panel.PAIR_VALUES : Panel.VALUES, vectors);
        try {
            EIGHT.invokeExact(function, w, (long) keys, v, vStride, (long) channels, o, correction, ahead);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    void in(int vectors, long table, int channels, long factor, long panel) {
        four(panel(Panel.IN, vectors), table, channels, factor, panel);
    }

    void out(int vectors, long table, int channels, long divisor, long panel) {
        four(panel(Panel.OUT, vectors), table, channels, divisor, panel);
    }

    /// Rounds rows to bfloat16: `[rows][columns]` to rows of [#roundedBytes], with zeros behind the numbers.
    void round(long from, long fromStep, int rows, int columns, long to) {
        int tail = columns % 32;
        seven(rounding, from, fromStep, rows, columns / 32, to, roundedBytes(columns), (1L << tail) - 1);
    }

    /// Bytes of a rounded row.
    static long roundedBytes(int columns) {
        return (columns + 31) / 32 * 64L;
    }

    /// Makes one row of pairs of every two rows; the last of an odd number has zeros beside it.
    void pair(long from, long fromStep, int rows, int columns, long to, long toStep) {
        int tail = columns % 16;
        seven(pairing, from, fromStep, rows, columns / 16, to, toStep, (1L << tail) - 1);
    }

    /// [dev.cathode.kernels.cpu.vector.BlockProducts#multiply].
    void multiply(long a, long ai, long ap, int depth, long b, long bp, long start, long si, long c, long ci, int rows,
                  int columns) {
        int vectors = columns / lanes;
        long done = 0; // bytes of a row
        try {
            while (vectors > 0) {
                int tiles = (vectors + widest() - 1) / widest();
                int width = (vectors + tiles - 1) / tiles; // five vectors are three and two, not four and one
                ELEVEN.invokeExact(panel(Panel.BLOCK, width), a, ai, ap, (long) depth, b + done, bp, start + done, si,
                        c + done, ci, (long) rows);
                done += (long) width * lanes * Float.BYTES;
                vectors -= width;
            }
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    private MemorySegment panel(Panel function, int vectors) {
        return panels[vectors - 1][function.ordinal()];
    }

    private void four(MemorySegment function, long a, long b, long c, long d) {
        try {
            FOUR.invokeExact(function, a, b, c, d);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    private void seven(MemorySegment function, long a, long b, long c, long d, long e, long f, long g) {
        try {
            SEVEN.invokeExact(function, a, b, c, d, e, f, g);
        } catch (Throwable failure) {
            throw new IllegalStateException(failure);
        } finally {
            Reference.reachabilityFence(this);
        }
    }
}
