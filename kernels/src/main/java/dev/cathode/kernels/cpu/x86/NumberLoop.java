package dev.cathode.kernels.cpu.x86;

import static dev.cathode.kernels.cpu.x86.Assembler.Arithmetic.ADD;
import static dev.cathode.kernels.cpu.x86.Assembler.Arithmetic.CMP;
import static dev.cathode.kernels.cpu.x86.Assembler.Arithmetic.SUB;
import static dev.cathode.kernels.cpu.x86.Operand.Mem.at;
import static dev.cathode.kernels.cpu.x86.VectorOp.VANDNPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VANDPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VCMPPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VMASKMOVPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VMOVAPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VMOVUPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VORPS;

import dev.cathode.kernels.cpu.x86.Assembler.Condition;
import dev.cathode.kernels.cpu.x86.Assembler.Label;
import dev.cathode.kernels.cpu.x86.Operand.Gpr;
import dev.cathode.kernels.cpu.x86.Operand.Mask;
import dev.cathode.kernels.cpu.x86.Operand.Mem;
import dev.cathode.kernels.cpu.x86.Operand.Vec;
import java.util.Arrays;

/// Writes loops over numbers that need not fill whole vectors: the rest goes through a mask, so that nothing is read or
/// written behind the last number. A function writes [#over] as often as it likes and [#table] behind its return.
///
/// The mask is k2 with AVX-512. It takes the last vector register, with AVX2 for as long as the rest is worked on.
final class NumberLoop {
    private static final int UNORDERED = 3;
    private static final Mask REST = Mask.k(2);

    private final Assembler a;
    private final int bits;
    private final int vectorBytes;
    private final Vec last;
    /// Behind a vector of ones, before one of zeros.
    private final Label edge = new Label();

    NumberLoop(Assembler a, int bits) {
        this.a = a;
        this.bits = bits;
        vectorBytes = bits / 8;
        last = new Vec(bits == 512 ? 31 : 15, bits);
    }

    /// What is done to vectors.
    @FunctionalInterface
    interface Body {
        /// Writes it.
        ///
        /// @param vectors how many, from byte `index` on
        /// @param rest whether it is one of which only the first numbers exist
        void write(int vectors, boolean rest);
    }

    /// Goes over `count` bytes, `width` vectors at a time, then one, then what is left.
    ///
    /// @param index counts bytes
    /// @param count stays as it is
    /// @param free may be destroyed
    void over(Gpr index, Gpr count, Gpr free, int width, Body body) {
        Label end = new Label();
        a.clear(index);
        if (width > 1) {
            whole(index, count, width, body);
        }
        whole(index, count, 1, body);
        a.op(CMP, index, count);
        a.jump(Condition.GE, end);
        a.lea(free, edge);
        a.op(ADD, free, index);
        a.op(SUB, free, count);
        a.op(VMOVUPS, last, at(free));
        if (bits == 512) {
            a.imm(VCMPPS, UNORDERED, Mask.ALL, REST, last, last);
        }
        body.write(1, true);
        a.place(end);
    }

    private void whole(Gpr index, Gpr count, int width, Body body) {
        Label next = new Label();
        Label end = new Label();
        a.op(SUB, count, width * vectorBytes);
        a.op(CMP, index, count);
        a.jump(Condition.G, end);
        a.align(32);
        a.place(next);
        body.write(width, false);
        a.op(ADD, index, width * vectorBytes);
        a.op(CMP, index, count);
        a.jump(Condition.LE, next);
        a.place(end);
        a.op(ADD, count, width * vectorBytes);
    }

    /// Loads a vector, or the rest and zeros.
    void load(Vec to, Mem from, boolean rest) {
        if (!rest) {
            a.op(VMOVUPS, to, from);
        } else if (bits == 512) {
            a.op(VMOVUPS, REST.zero(), to, from);
        } else {
            a.op(VMASKMOVPS, to, last, from);
        }
    }

    /// The last operand of an instruction: memory, or a register with the rest of it and zeros.
    Operand operand(Mem from, Vec free, boolean rest) {
        if (!rest) {
            return from;
        }
        load(free, from, true);
        return free;
    }

    /// Loads a vector, or the rest and numbers of another register, which may be destroyed.
    void load(Vec to, Mem from, Vec others, boolean rest) {
        if (!rest) {
            a.op(VMOVUPS, to, from);
        } else if (bits == 512) {
            a.op(VMOVAPS, to, others);
            a.op(VMOVUPS, REST, to, from);
        } else {
            a.op(VMASKMOVPS, to, last, from);
            a.op(VANDNPS, others, last, others);
            a.op(VORPS, to, to, others);
        }
    }

    /// Clears what is not of the rest.
    void clear(Vec x, boolean rest) {
        if (rest && bits == 512) {
            a.op(VMOVAPS, REST.zero(), x, x);
        } else if (rest) {
            a.op(VANDPS, x, x, last);
        }
    }

    /// Stores a vector, or the rest.
    void store(Mem to, Vec from, boolean rest) {
        if (!rest) {
            a.op(VMOVUPS, to, from);
        } else if (bits == 512) {
            a.op(VMOVUPS, REST, to, from);
        } else {
            a.op(VMASKMOVPS, to, last, from);
        }
    }

    /// Appends what the mask is made of.
    void table() {
        float[] half = new float[vectorBytes / Float.BYTES];
        a.align(64);
        Arrays.fill(half, Float.intBitsToFloat(-1));
        a.data(half);
        a.place(edge);
        a.data(new float[half.length]);
    }
}
