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
import static dev.cathode.kernels.cpu.x86.VectorOp.VADDPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VBROADCASTSS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VCVTNE2PS2BF16;
import static dev.cathode.kernels.cpu.x86.VectorOp.VDPBF16PS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VFMADD231PS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VMAXPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VMOVUPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VMULPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VPERMW;
import static dev.cathode.kernels.cpu.x86.VectorOp.VSUBPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VXORPS;

import dev.cathode.kernels.cpu.x86.Assembler.Condition;
import dev.cathode.kernels.cpu.x86.Assembler.Label;
import dev.cathode.kernels.cpu.x86.Assembler.Prefetch;
import dev.cathode.kernels.cpu.x86.Operand.Gpr;
import dev.cathode.kernels.cpu.x86.Operand.Mem;
import dev.cathode.kernels.cpu.x86.Operand.Vec;
import java.util.function.IntConsumer;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/// Writes the three functions of [EmittedAttention] over a block of keys and a panel of queries: scores, weights and
/// the values that these weigh. The lanes are queries, so keys and values enter as broadcast numbers, straight from
/// where they lie, and neither a maximum nor a sum crosses lanes. Rows of a panel are `vectors` vectors, without gaps.
///
/// Both products are made of tiles of six keys or channels by the whole width: with four vectors of AVX-512, 24 sums, 4
/// vectors of queries or weights, 4 broadcast numbers. 24 multiply-adds take 12 cycles, their 10 loads 5. Nothing is
/// read but the numbers that count; cache lines behind them may be asked for.
///
/// The same with pairs of bfloat16 numbers, which take the place of one float everywhere: pairs of channels in scores,
/// pairs of keys in what values are weighed by. Their multiply-adds do twice as much.
final class AttentionCode {
    /// Keys or channels of a tile.
    private static final int ROWS = 6;
    /// Bytes of a cache line.
    private static final int LINE = 64;
    /// Lines of each key that are asked for a tile ahead; the processor foresees the others. Keys and values lie in
    /// pieces, where those begin it does not foresee: without asking, heads of 40 take a tenth longer.
    private static final int LINES = 4;
    private static final Gpr[] KEYS = {R10, R11, R12, R13, R14, R15};
    private static final Gpr[] SAVED = {RBX, RBP, R12, R13, R14, R15};
    private static final int ARGUMENTS = 8 * SAVED.length + 8 /* return address */;

    private final Assembler a;
    private final int vectors;
    private final int bits;
    private final boolean pairs;
    private final int vectorBytes;

    /// @param vectors in a row of the panel: up to 4 with 512 bits, 2 with 256
    /// @param bits of a vector
    /// @param pairs whether operands are pairs of bfloat16 numbers; needs 512 bits
    AttentionCode(Assembler a, int vectors, int bits, boolean pairs) {
        this.a = a;
        this.vectors = vectors;
        this.bits = bits;
        this.pairs = pairs;
        vectorBytes = bits / 8;
    }

    /// `s[k] = Σ_c key[k][c] · q[c] + add[k]`, and `maxima = max(maxima, s[k])`.
    ///
    /// ```
    /// void scores(q, k, kStride, depth, keys, s, add, addStride, maxima)
    ///            rdi rsi rdx     rcx    r8    r9 on the stack
    /// ```
    ///
    /// `depth` and strides in bytes; `addStride` may be 0. Pairs of channels count as one.
    void scores() {
        enter();
        a.mov(RBP, at(RSP, ARGUMENTS));
        a.op(ADD, RSI, RCX);
        a.neg(RCX);
        tiles(R8, this::scoreTile);
        leave();
    }

    /// The tile of keys from RSI on, scores to R9, additions from RBP; all three go on.
    private void scoreTile(int rows) {
        Tile tile = new Tile(rows, vectors, bits);
        for (int row = 0; row < rows; row++) {
            a.mov(KEYS[row], RSI);
            a.op(ADD, RSI, RDX);
        }
        each(tile, (row, v) -> a.op(VXORPS, tile.sum(row, v), tile.sum(row, v), tile.sum(row, v)));
        a.mov(RAX, RSI);
        for (int row = 0; row < rows; row++) { // of the next tile
            for (int line = 0; line < LINES; line++) {
                a.prefetch(Prefetch.T0, at(RAX, RCX, 1, line * LINE));
            }
            a.op(ADD, RAX, RDX);
        }
        a.mov(RBX, RDI);
        a.mov(RAX, RCX); // from -depth to 0
        Label channel = new Label();
        a.align(32);
        a.place(channel);
        step(tile, RBX, row -> at(KEYS[row], RAX, 1, 0));
        a.op(ADD, RBX, vectors * vectorBytes);
        a.op(ADD, RAX, Float.BYTES);
        a.jump(Condition.NE, channel);

        a.mov(RAX, at(RSP, ARGUMENTS + 8));
        a.mov(RBX, at(RSP, ARGUMENTS + 16));
        for (int v = 0; v < vectors; v++) {
            a.op(VMOVUPS, tile.right(v), at(RBX, v * vectorBytes));
        }
        for (int row = 0; row < rows; row++) {
            for (int v = 0; v < vectors; v++) {
                a.op(VADDPS, tile.sum(row, v), tile.sum(row, v), at(RBP, v * vectorBytes));
                a.op(VMOVUPS, at(R9, (row * vectors + v) * vectorBytes), tile.sum(row, v));
                a.op(VMAXPS, tile.right(v), tile.sum(row, v), tile.right(v));
            }
            a.op(ADD, RBP, RAX);
        }
        for (int v = 0; v < vectors; v++) {
            a.op(VMOVUPS, at(RBX, v * vectorBytes), tile.right(v));
        }
        a.op(ADD, R9, rows * vectors * vectorBytes);
    }

    /// Turns scores into weights `2^(s - maximum)`, adds these up, and leaves the factor that makes earlier weights
    /// relative to the new maximum. Pairs of weights take the place of the first half of the scores.
    ///
    /// ```
    /// void weights(s, keys, state)
    ///             rdi rsi   rdx     rows of: maximum, maximum before, sum, correction
    /// ```
    void weights() {
        Vec[] maximum = registers(0);
        Vec[] sum = registers(1);
        Vec[] x = registers(2);
        Vec[] n = registers(3);
        Vec[] p = registers(4);
        Vec[] y = pairs ? registers(5) : new Vec[0];
        int used = (pairs ? 6 : 5) * vectors + (pairs ? 1 : 0);
        Vec order = new Vec(used - 1, bits); // of the numbers of a pair, if there are pairs
        ExponentialCode power = new ExponentialCode(a,
                pairs ? ExponentialCode.Base.TWO_ROUGHLY : ExponentialCode.Base.TWO, bits, RAX,
                IntStream.range(used, bits == 512 ? 32 : 16).mapToObj(i -> new Vec(i, bits)).toArray(Vec[]::new));
        Label interleaved = new Label();
        int row = vectors * vectorBytes;
        if (pairs) {
            a.lea(RAX, interleaved);
            a.op(VMOVUPS, order, at(RAX));
        }
        power.load();
        for (int v = 0; v < vectors; v++) {
            a.op(VMOVUPS, maximum[v], at(RDX, v * vectorBytes));
            a.op(VMOVUPS, x[v], at(RDX, row + v * vectorBytes));
            a.op(VMOVUPS, at(RDX, row + v * vectorBytes), maximum[v]);
            a.op(VSUBPS, x[v], x[v], maximum[v]);
            a.op(VXORPS, sum[v], sum[v], sum[v]);
        }
        power.exponentials(x, n, p);
        for (int v = 0; v < vectors; v++) {
            a.op(VMOVUPS, at(RDX, 3 * row + v * vectorBytes), x[v]);
        }
        IntConsumer keys = count -> {
            weigh(power, x, n, p, maximum, sum, 0);
            if (count == 2) {
                weigh(power, y, n, p, maximum, sum, row);
            }
            for (int v = 0; v < vectors; v++) {
                if (pairs && count == 1) {
                    a.op(VXORPS, y[v], y[v], y[v]);
                }
                if (pairs) {
                    a.op(VCVTNE2PS2BF16, x[v], y[v], x[v]);
                    a.op(VPERMW, x[v], order, x[v]);
                }
                a.op(VMOVUPS, at(R8, v * vectorBytes), x[v]);
            }
            a.op(ADD, R8, row);
            a.op(ADD, RDI, count * row);
        };
        a.mov(R8, RDI);
        Label key = new Label();
        Label last = new Label();
        Label end = new Label();
        int step = pairs ? 2 : 1;
        a.op(SUB, RSI, step);
        a.jump(Condition.L, last);
        a.align(32);
        a.place(key);
        keys.accept(step);
        a.op(SUB, RSI, step);
        a.jump(Condition.GE, key);
        a.place(last);
        if (pairs) {
            a.op(CMP, RSI, -1);
            a.jump(Condition.NE, end);
            keys.accept(1);
        }
        a.place(end);
        for (int v = 0; v < vectors; v++) {
            a.op(VMOVUPS, x[v], at(RDX, 3 * row + v * vectorBytes));
            a.op(VFMADD231PS, sum[v], x[v], at(RDX, 2 * row + v * vectorBytes));
            a.op(VMOVUPS, at(RDX, 2 * row + v * vectorBytes), sum[v]);
        }
        a.vzeroupper();
        a.ret();
        power.table();
        if (pairs) {
            PairCode.table(a, interleaved);
        }
    }

    /// Weights of one key, from the scores at RDI and a displacement, and their place in the sums.
    private void weigh(ExponentialCode power, Vec[] x, Vec[] n, Vec[] p, Vec[] maximum, Vec[] sum, int displacement) {
        for (int v = 0; v < vectors; v++) {
            a.op(VMOVUPS, x[v], at(RDI, displacement + v * vectorBytes));
            a.op(VSUBPS, x[v], x[v], maximum[v]);
        }
        power.exponentials(x, n, p);
        for (int v = 0; v < vectors; v++) {
            a.op(VADDPS, sum[v], sum[v], x[v]);
        }
    }

    /// `o[c] = correction · o[c] + Σ_k v[k][c] · w[k]`.
    ///
    /// ```
    /// void values(w, keys, v, vStride, channels, o, correction, ahead)
    ///            rdi rsi  rdx rcx      r8        r9 on the stack
    /// ```
    ///
    /// Pairs of keys count as one. `ahead` bytes behind each value lies what will be wanted next, or 0.
    void values() {
        enter();
        a.mov(RBP, at(RSP, ARGUMENTS));
        a.mov(R11, at(RSP, ARGUMENTS + 8));
        tiles(R8, this::valueTile);
        leave();
    }

    /// The tile of channels from RDX and R9 on; both go on.
    private void valueTile(int rows) {
        Tile tile = new Tile(rows, vectors, bits);
        for (int v = 0; v < vectors; v++) {
            a.op(VMOVUPS, tile.right(v), at(RBP, v * vectorBytes));
        }
        each(tile, (row, v) -> a.op(VMULPS, tile.sum(row, v), tile.right(v),
                at(R9, (row * vectors + v) * vectorBytes)));
        a.mov(RBX, RDI);
        a.mov(RAX, RSI);
        a.mov(R10, RDX);
        Label key = new Label();
        a.align(32);
        a.place(key);
        step(tile, RBX, row -> at(R10, row * Float.BYTES));
        a.prefetch(Prefetch.T0, at(R10, R11, 1, 0));
        a.op(ADD, RBX, vectors * vectorBytes);
        a.op(ADD, R10, RCX);
        a.dec(RAX);
        a.jump(Condition.NE, key);
        each(tile, (row, v) -> a.op(VMOVUPS, at(R9, (row * vectors + v) * vectorBytes), tile.sum(row, v)));
        a.op(ADD, RDX, rows * Float.BYTES);
        a.op(ADD, R9, rows * vectors * vectorBytes);
    }

    /// The step that counts: a row of the panel times one number for each row of the tile.
    private void step(Tile tile, Gpr right, IntFunction<Mem> left) {
        for (int v = 0; v < vectors; v++) {
            a.op(VMOVUPS, tile.right(v), at(right, v * vectorBytes));
        }
        for (int row = 0; row < tile.rows(); row++) {
            a.op(VBROADCASTSS, tile.left(row), left.apply(row));
            for (int v = 0; v < vectors; v++) {
                a.op(pairs ? VDPBF16PS : VFMADD231PS, tile.sum(row, v), tile.left(row), tile.right(v));
            }
        }
    }

    /// Tiles of six rows while there are as many, then one of what is left.
    private void tiles(Gpr count, IntConsumer tile) {
        Label rest = new Label();
        Label again = new Label();
        Label end = new Label();
        a.op(SUB, count, ROWS);
        a.jump(Condition.L, rest);
        a.place(again);
        tile.accept(ROWS);
        a.op(SUB, count, ROWS);
        a.jump(Condition.GE, again);
        a.place(rest);
        for (int rows = ROWS - 1; rows > 0; rows--) {
            Label fewer = new Label();
            a.op(CMP, count, rows - ROWS);
            a.jump(Condition.NE, fewer);
            tile.accept(rows);
            a.jump(end);
            a.place(fewer);
        }
        a.place(end);
    }

    @FunctionalInterface
    private interface Sum {
        void at(int row, int vector);
    }

    private static void each(Tile tile, Sum sum) {
        for (int row = 0; row < tile.rows(); row++) {
            for (int v = 0; v < tile.vectors(); v++) {
                sum.at(row, v);
            }
        }
    }

    private Vec[] registers(int group) {
        return IntStream.range(group * vectors, (group + 1) * vectors).mapToObj(i -> new Vec(i, bits))
                .toArray(Vec[]::new);
    }

    private void enter() {
        for (Gpr register : SAVED) {
            a.push(register);
        }
    }

    private void leave() {
        a.vzeroupper();
        for (int i = SAVED.length - 1; i >= 0; i--) {
            a.pop(SAVED[i]);
        }
        a.ret();
    }
}
