package dev.cathode.kernels.cpu.x86;

import dev.cathode.kernels.cpu.x86.Assembler.Arithmetic;
import dev.cathode.kernels.cpu.x86.Assembler.Condition;
import dev.cathode.kernels.cpu.x86.Assembler.Label;
import dev.cathode.kernels.cpu.x86.Operand.Gpr;
import java.util.function.IntConsumer;

/// Writes a loop over whole vectors, several at a time while there are so many.
final class VectorLoop {
    private VectorLoop() { }

    /// Goes over `count` bytes, a multiple of a vector: `body` writes what is done to several vectors from byte `index`
    /// on, as many as it is told.
    static void write(Assembler a, int vectorBytes, Gpr index, Gpr count, int width, IntConsumer body) {
        Label several = new Label();
        Label one = new Label();
        Label end = new Label();
        a.clear(index);
        if (width > 1) {
            a.op(Arithmetic.SUB, count, width * vectorBytes);
            a.jump(Condition.L, one);
            a.align(32);
            a.place(several);
            body.accept(width);
            a.op(Arithmetic.ADD, index, width * vectorBytes);
            a.op(Arithmetic.CMP, index, count);
            a.jump(Condition.LE, several);
            a.place(one);
            a.op(Arithmetic.ADD, count, width * vectorBytes);
        }
        Label next = new Label();
        a.place(next);
        a.op(Arithmetic.CMP, index, count);
        a.jump(Condition.GE, end);
        body.accept(1);
        a.op(Arithmetic.ADD, index, vectorBytes);
        a.jump(next);
        a.place(end);
    }
}
