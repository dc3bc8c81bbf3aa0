package dev.cathode.kernels.cpu.x86;

import static dev.cathode.kernels.cpu.x86.Assembler.Arithmetic.ADD;
import static dev.cathode.kernels.cpu.x86.Assembler.Arithmetic.CMP;
import static dev.cathode.kernels.cpu.x86.Assembler.Arithmetic.SUB;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.R10;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.R11;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.R12;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.R13;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.R14;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.R15;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.R8;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.R9;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RAX;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RBP;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RBX;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RCX;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RDI;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RDX;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RSI;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RSP;
import static dev.cathode.kernels.cpu.x86.Operand.Mem.at;

import dev.cathode.kernels.cpu.x86.Assembler.Condition;
import dev.cathode.kernels.cpu.x86.Assembler.Label;
import dev.cathode.kernels.cpu.x86.Assembler.Prefetch;
import dev.cathode.kernels.cpu.x86.Assembler.Shift;
import dev.cathode.kernels.cpu.x86.Operand.Gpr;
import dev.cathode.kernels.cpu.x86.Operand.Mem;
import dev.cathode.kernels.cpu.x86.Operand.Vec;

/// Writes the functions behind [dev.cathode.kernels.cpu.vector.Products#panel]: a block, in tiles.
///
/// ```
/// void product(table, tapStep, taps, offset, k, b,  start, startStride, output, outputStride, rows,
///              rdi    rsi      rdx   rcx     r8 r9    bias, residual, residualStride,
///                                                     ahead, aheadStride, part, rate, nextWeights, weightsRate:
///                                                     all these on the stack)
///
/// for each group of rows:
///   sums = start
///   for each tap:
///     addresses of the rows into registers
///     for p in k:                       the loop that counts:
///       b0..b3 = vectors of weights       4 loads
///       for each row:                     6 broadcasts,
///         sums[row] += a[row][p] · b      24 fused multiply-adds
///   output = sums + bias + residual
/// ```
///
/// Six rows of four vectors take 24 sums, 4 vectors of weights and up to 4 broadcasts: all 32 registers of AVX-512.
/// A processor starts two multiply-adds and two loads a cycle: 24 multiply-adds come with 10. AVX2's 16 registers hold
/// six rows of two vectors. Nothing but the numbers of the rows, the weights, the bias and the residual is read, so
/// nothing behind their end. Only of the table and the start there must be entries for a last group that is not full.
///
/// Sums go from the registers to where the layer's result belongs. The stores wait in the processor's queue for lines
/// from memory while the next group multiplies: a pass over a whole block would have nothing to do meanwhile.
///
/// With each term two bits of memory are fetched that somebody needs soon ([dev.cathode.kernels.cpu.vector.Ahead]),
/// where tiles leave registers for it. The rate is such that they are through when the tile is, or the function.
///
/// Weights of 16 bits are widened as they are loaded, by units that the multiply-adds leave idle. Where both sides are
/// bfloat16 a term is a pair of numbers: four bytes on either side, so that nothing changes but the instruction.
final class PanelProductCode {
    /// What the terms of a sum are.
    enum Terms {
        /// A float times a float.
        FLOAT32,
        /// A float times a half precision number.
        FLOAT16,
        /// A float times a bfloat16 number.
        BFLOAT16,
        /// Two products of bfloat16 numbers (`vdpbf16ps`). Numbers and sums below 2^-126 count as zeros.
        PAIRS;

        /// Bytes of a vector of the right side.
        private int bytes(int vectorBytes) {
            return this == FLOAT32 || this == PAIRS ? vectorBytes : vectorBytes / 2;
        }
    }

    /// Row addresses; RAX counts, RDX is in the weights, RBX in the table.
    private static final Gpr[] ROWS = {RCX, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15, RBP};
    private static final Gpr[] SAVED = {RBX, RBP, R12, R13, R14, R15};

    // the frame, from RSP up
    private static final Mem LEFT = at(RSP, 0);
    private static final Mem TABLE = at(RSP, 8);
    private static final Mem TAP_STEP = at(RSP, 16);
    private static final Mem TAPS = at(RSP, 24);
    /// Bytes from a row's address to the end of a segment: offset + 4k.
    private static final Mem SEGMENT_END = at(RSP, 32);
    /// Minus the bytes of a segment: -4k.
    private static final Mem COUNT = at(RSP, 40);
    private static final Mem WEIGHTS = at(RSP, 48);
    private static final int LOCALS = 56;
    private static final int ARGUMENTS = LOCALS + 8 * SAVED.length + 8 /* return address */;
    private static final Mem START = at(RSP, ARGUMENTS);
    private static final Mem START_STRIDE = at(RSP, ARGUMENTS + 8);
    private static final Mem OUTPUT = at(RSP, ARGUMENTS + 16);
    private static final Mem OUTPUT_STRIDE = at(RSP, ARGUMENTS + 24);
    private static final Mem ROWS_LEFT = at(RSP, ARGUMENTS + 32);
    private static final Mem BIAS = at(RSP, ARGUMENTS + 40);
    private static final Mem RESIDUAL = at(RSP, ARGUMENTS + 48);
    private static final Mem RESIDUAL_STRIDE = at(RSP, ARGUMENTS + 56);
    private static final Mem AHEAD = at(RSP, ARGUMENTS + 64);
    private static final Mem AHEAD_STRIDE = at(RSP, ARGUMENTS + 72);
    /// Bytes of a row's numbers while a row ahead is brought.
    private static final Mem PART = at(RSP, ARGUMENTS + 80);
    /// Bytes that are brought with each term.
    private static final Mem RATE = at(RSP, ARGUMENTS + 88);
    private static final Mem NEXT_WEIGHTS = at(RSP, ARGUMENTS + 96);
    /// Bytes of them that are brought with each term.
    private static final Mem WEIGHTS_RATE = at(RSP, ARGUMENTS + 104);
    // registers that tiles of few rows leave for what is brought
    private static final Gpr AHEAD_AT = R11;
    private static final Gpr PART_END = R12;
    private static final Gpr BYTES = R13;
    private static final Gpr WEIGHTS_AT = R14;
    private static final Gpr WEIGHTS_BYTES = R15;
    private static final int FEW_ROWS = 6;

    private final Assembler a;
    private final Tile tile;
    private final Terms terms;
    private final int rows;
    private final int vectors;
    private final int vectorBytes;

    private PanelProductCode(Assembler a, Tile tile, Terms terms) {
        this.a = a;
        this.tile = tile;
        this.terms = terms;
        rows = tile.rows();
        vectors = tile.vectors();
        vectorBytes = tile.bits() / 8;
    }

    /// Appends a function for tiles of at most 12 rows.
    static void write(Assembler a, Tile tile, Terms terms) {
        if (tile.rows() > ROWS.length) {
            throw new IllegalArgumentException("there are no registers for the addresses of " + tile.rows() + " rows");
        }
        new PanelProductCode(a, tile, terms).function();
    }

    private void function() {
        enter();
        Label group = new Label();
        a.place(group);
        loadSums();
        taps();
        addBias();
        store();
        a.mov(RAX, TABLE);
        a.op(ADD, RAX, rows * Long.BYTES);
        a.mov(TABLE, RAX);
        a.mov(RAX, ROWS_LEFT);
        a.op(SUB, RAX, rows);
        a.mov(ROWS_LEFT, RAX);
        a.jump(Condition.G, group);
        leave();
    }

    private void enter() {
        for (Gpr register : SAVED) {
            a.push(register);
        }
        a.op(SUB, RSP, LOCALS);
        a.mov(TABLE, RDI);
        a.mov(TAP_STEP, RSI);
        a.mov(TAPS, RDX);
        a.shift(Shift.SHL, R8, 2);
        a.op(ADD, RCX, R8);
        a.mov(SEGMENT_END, RCX);
        a.neg(R8);
        a.mov(COUNT, R8);
        a.mov(WEIGHTS, R9);
        if (rows <= FEW_ROWS) {
            a.mov(WEIGHTS_AT, NEXT_WEIGHTS);
            a.mov(WEIGHTS_BYTES, WEIGHTS_RATE);
        }
    }

    private void leave() {
        a.vzeroupper();
        a.op(ADD, RSP, LOCALS);
        for (int i = SAVED.length - 1; i >= 0; i--) {
            a.pop(SAVED[i]);
        }
        a.ret();
    }

    private void loadSums() {
        a.mov(RAX, START);
        a.mov(RCX, START_STRIDE);
        for (int row = 0; row < rows; row++) {
            for (int v = 0; v < vectors; v++) {
                a.op(VectorOp.VMOVUPS, tile.sum(row, v), at(RAX, v * vectorBytes));
            }
            a.op(ADD, RAX, RCX);
        }
        a.mov(START, RAX);
    }

    private void addBias() {
        Label none = new Label();
        a.mov(RAX, BIAS);
        a.test(RAX, RAX);
        a.jump(Condition.E, none);
        for (int v = 0; v < vectors; v++) {
            a.op(VectorOp.VMOVUPS, tile.right(v), at(RAX, v * vectorBytes));
        }
        for (int row = 0; row < rows; row++) {
            for (int v = 0; v < vectors; v++) {
                a.op(VectorOp.VADDPS, tile.sum(row, v), tile.sum(row, v), tile.right(v));
            }
        }
        a.place(none);
    }

    private void store() {
        Label plain = new Label();
        Label stored = new Label();
        a.mov(RAX, OUTPUT);
        a.mov(RCX, OUTPUT_STRIDE);
        a.mov(RDX, ROWS_LEFT);
        a.mov(RSI, RESIDUAL);
        a.test(RSI, RSI);
        a.jump(Condition.E, plain);
        a.mov(RDI, RESIDUAL_STRIDE);
        storeRows(true, stored);
        a.mov(RESIDUAL, RSI);
        a.mov(OUTPUT, RAX);
        a.jump(stored);
        a.place(plain);
        storeRows(false, stored);
        a.mov(OUTPUT, RAX);
        a.place(stored);
    }

    /// Stores the rows that exist.
    ///
    /// @param end where to go after the last of all
    private void storeRows(boolean residual, Label end) {
        for (int row = 0; row < rows; row++) {
            for (int v = 0; v < vectors; v++) {
                if (residual) {
                    a.op(VectorOp.VADDPS, tile.sum(row, v), tile.sum(row, v), at(RSI, v * vectorBytes));
                }
                a.op(VectorOp.VMOVUPS, at(RAX, v * vectorBytes), tile.sum(row, v));
            }
            if (row < rows - 1) {
                a.op(CMP, RDX, row + 1);
                a.jump(Condition.LE, end);
            }
            a.op(ADD, RAX, RCX);
            if (residual) {
                a.op(ADD, RSI, RDI);
            }
        }
    }

    private void taps() {
        a.mov(RDX, WEIGHTS);
        a.mov(RBX, TABLE);
        a.mov(RAX, TAPS);
        a.mov(LEFT, RAX);
        Label tap = new Label();
        a.place(tap);
        for (int row = 0; row < rows; row++) {
            a.mov(ROWS[row], at(RBX, row * Long.BYTES));
            a.op(ADD, ROWS[row], SEGMENT_END);
        }
        a.mov(RAX, COUNT); // from -4k to 0
        Label part = new Label();
        a.place(part);
        if (rows <= FEW_ROWS) {
            beginPart();
        }
        a.align(32);
        Label term = new Label();
        a.place(term);
        term();
        if (rows <= FEW_ROWS) {
            a.prefetch(Prefetch.T1, at(AHEAD_AT));
            a.op(ADD, AHEAD_AT, BYTES);
            a.prefetch(Prefetch.T1, at(WEIGHTS_AT));
            a.op(ADD, WEIGHTS_AT, WEIGHTS_BYTES);
            a.op(ADD, RAX, Float.BYTES);
            a.op(CMP, RAX, PART_END);
            a.jump(Condition.L, term);
            a.test(RAX, RAX);
            a.jump(Condition.NE, part);
        } else {
            a.op(ADD, RAX, Float.BYTES);
            a.jump(Condition.NE, term);
        }
        a.op(ADD, RBX, TAP_STEP);
        a.mov(RAX, LEFT);
        a.dec(RAX);
        a.mov(LEFT, RAX);
        a.jump(Condition.NE, tap);
    }

    /// The next row ahead, and how long it takes.
    private void beginPart() {
        Label whole = new Label();
        a.mov(AHEAD_AT, AHEAD);
        a.mov(BYTES, AHEAD_AT);
        a.op(ADD, BYTES, AHEAD_STRIDE);
        a.mov(AHEAD, BYTES);
        a.mov(BYTES, RATE);
        a.mov(PART_END, RAX);
        a.op(ADD, PART_END, PART);
        a.jump(Condition.LE, whole);
        a.clear(PART_END);
        a.place(whole);
    }

    private void term() {
        int step = terms.bytes(vectorBytes);
        for (int v = 0; v < vectors; v++) {
            weights(tile.right(v), at(RDX, v * step));
        }
        VectorOp multiply = terms == Terms.PAIRS ? VectorOp.VDPBF16PS : VectorOp.VFMADD231PS;
        for (int row = 0; row < rows; row++) {
            a.op(VectorOp.VBROADCASTSS, tile.left(row), at(ROWS[row], RAX, 1, 0));
            for (int v = 0; v < vectors; v++) {
                a.op(multiply, tile.sum(row, v), tile.left(row), tile.right(v));
            }
        }
        a.op(ADD, RDX, vectors * step);
    }

    private void weights(Vec to, Mem from) {
        switch (terms) {
            case FLOAT32, PAIRS -> a.op(VectorOp.VMOVUPS, to, from);
            case FLOAT16 -> a.op(VectorOp.VCVTPH2PS, to, from);
            case BFLOAT16 -> { // the upper half of a float
                a.op(VectorOp.VPMOVZXWD, to, from);
                a.imm(VectorOp.VPSLLD, Short.SIZE, to, to);
            }
        }
    }
}
