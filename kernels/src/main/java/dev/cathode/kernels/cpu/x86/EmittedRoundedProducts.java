package dev.cathode.kernels.cpu.x86;

import dev.cathode.kernels.cpu.vector.Ahead;
import dev.cathode.kernels.cpu.vector.Ending;
import dev.cathode.kernels.cpu.vector.RoundedProducts;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.ref.Reference;
import java.util.Arrays;

/// Products of bfloat16 numbers by machine code, for processors with AVX-512 BF16.
final class EmittedRoundedProducts implements RoundedProducts {
    private static final MethodHandle ROWS = Calls.of(7);
    private static final MethodHandle SPIN = Calls.of(1);
    private static final int VECTOR_BYTES = 64;
    private static final int LANES = VECTOR_BYTES / Float.BYTES;

    /// The functions for one, two and four vectors.
    private final MemorySegment[] panels;
    private final MemorySegment round;
    private final MemorySegment pair;
    private final MemorySegment spin;

    private EmittedRoundedProducts(MachineCode code, Offsets offsets) {
        panels = Arrays.stream(offsets.panels).mapToObj(code::at).toArray(MemorySegment[]::new);
        round = code.at(offsets.round);
        pair = code.at(offsets.pair);
        spin = code.at(offsets.spin);
    }

    /// Where the functions start in the code: panels of one, two and four vectors, then the others.
    record Offsets(int[] panels, int round, int pair, int spin) {
        EmittedRoundedProducts in(MachineCode code) {
            return new EmittedRoundedProducts(code, this);
        }
    }

    /// Writes the functions.
    static Offsets write(Assembler a) {
        int[] panels = new int[3];
        for (int i = 0; i < panels.length; i++) {
            panels[i] = EmittedProducts.panel(a, 1 << i, 512, PanelProductCode.Terms.PAIRS);
        }
        int round = a.function();
        RoundingCode.rows(a);
        int pair = a.function();
        PairCode.rows(a);
        int spin = a.function();
        RoundingCode.spin(a);
        return new Offsets(panels, round, pair, spin);
    }

    @Override
    public String description() {
        return "bfloat16 dot products in machine code";
    }

    @Override
    public int bytes() {
        return Short.BYTES;
    }

    @Override
    public void round(long from, long fromStep, int rows, int k, long to, long toStep) {
        long tail = (1L << k % ROW_MULTIPLE) - 1;
        try {
            ROWS.invokeExact(round, from, fromStep, (long) rows, (long) (k / ROW_MULTIPLE), to,
                    toStep, tail);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        } finally {
            Reference.reachabilityFence(this); // the code lives as long as this
        }
    }

    @Override
    public void pair(long from, long fromStep, int rows, int columns, long to, long toStep) {
        try {
            ROWS.invokeExact(pair, from, fromStep, (long) rows, (long) (columns / LANES), to, toStep, 0L);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public long scratchBytes(int pairs) {
        return 0;
    }

    @Override
    public void panel(int vectors, long table, long tapStep, int taps, int pairs, long b, long zeros, long c, int rows,
                      long scratch) {
        panel(vectors, table, tapStep, taps, pairs, b, zeros, c, rows, scratch,
                Ending.stay(c, (long) vectors * VECTOR_BYTES), Ahead.NONE);
    }

    @Override
    public void panel(int vectors, long table, long tapStep, int taps, int pairs, long b, long zeros, long sums,
                      int rows, long scratch, Ending ending, Ahead ahead) {
        EmittedProducts.call(panels[vectors >> 1], (long) vectors * VECTOR_BYTES, table, tapStep, taps, 0, pairs, b,
                zeros, sums, rows, ending, ahead);
        Reference.reachabilityFence(this);
    }

    @Override
    public double spin(int repeats) {
        try {
            SPIN.invokeExact(spin, (long) repeats);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        } finally {
            Reference.reachabilityFence(this);
        }
        return 4.0 * repeats * RoundingCode.CHAINS * VECTOR_BYTES / Float.BYTES;
    }
}
