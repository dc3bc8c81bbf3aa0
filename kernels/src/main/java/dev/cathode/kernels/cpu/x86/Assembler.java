package dev.cathode.kernels.cpu.x86;

import dev.cathode.kernels.cpu.x86.Operand.Gpr;
import dev.cathode.kernels.cpu.x86.Operand.Mask;
import dev.cathode.kernels.cpu.x86.Operand.Mem;
import dev.cathode.kernels.cpu.x86.Operand.Register;
import java.util.ArrayList;
import java.util.List;

/// Writes machine code for x86-64, an instruction a call, operands in the manual's order (destination first).
///
/// It knows the instructions that the kernels use and no others: [VectorOp] for vectors, the methods here for general
/// registers and control flow. General registers are 64 bits wide unless a method's name says 32.
final class Assembler {
    /// Arithmetic that exists for registers, memory and immediates; the constant's place is its number.
    enum Arithmetic { ADD, OR, ADC, SBB, AND, SUB, XOR, CMP }

    /// Shifts by a constant; their numbers.
    enum Shift {
        SHL(4), SHR(5), SAR(7);

        private final int number;

        Shift(int number) {
            this.number = number;
        }
    }

    /// Conditions of a jump; their numbers. Below and above are for unsigned numbers.
    enum Condition {
        O, NO, B, AE, E, NE, BE, A, S, NS, P, NP, L, GE, LE, G
    }

    /// Cache levels of a prefetch; their numbers. NTA passes by the outer caches.
    enum Prefetch { NTA, T0, T1, T2 }

    /// A place in the code that jumps go to, or where constants stand.
    static final class Label {
        private int position = -1;
        /// Where displacements of 32 bits wait for the position.
        private final List<Integer> waiting = new ArrayList<>();
    }

    private final CodeBuffer code = new CodeBuffer();
    private final List<Label> open = new ArrayList<>();

    /// The code.
    ///
    /// @throws IllegalStateException if a jump goes to a label that was never placed
    byte[] assemble() {
        if (!open.isEmpty()) {
            throw new IllegalStateException("a jump goes to a label that was never placed");
        }
        return code.toArray();
    }

    /// Bytes written so far: where the next instruction starts.
    int position() {
        return code.size();
    }

    /// Begins a function on a cache line of its own, and answers where.
    int function() {
        align(64);
        return position();
    }

    // ---- vectors

    /// A vector instruction without an immediate, on all lanes.
    void op(VectorOp op, Operand... operands) {
        op(op, Mask.ALL, operands);
    }

    /// A vector instruction without an immediate, on the lanes of a mask.
    void op(VectorOp op, Mask mask, Operand... operands) {
        requireImmediate(op, false);
        VectorEncoder.of(op, mask, operands).write(code);
    }

    /// A vector instruction with an immediate, on all lanes.
    void imm(VectorOp op, int immediate, Operand... operands) {
        imm(op, immediate, Mask.ALL, operands);
    }

    /// A vector instruction with an immediate, on the lanes of a mask.
    void imm(VectorOp op, int immediate, Mask mask, Operand... operands) {
        requireImmediate(op, true);
        VectorEncoder.of(op, mask, operands).write(code);
        code.bytes(immediate);
    }

    private static void requireImmediate(VectorOp op, boolean present) {
        if (op.immediate != present) {
            throw new IllegalArgumentException(op + (op.immediate ? " needs an immediate" : " takes no immediate"));
        }
    }

    /// Sixteen bits into a mask from the low bits of a general register, or back, zero-extended.
    void kmovw(Register to, Register from) {
        boolean toMask = to instanceof Mask;
        boolean fromMask = from instanceof Mask;
        int opcode = toMask && fromMask ? 0x90 : toMask ? 0x92 : 0x93;
        // registers 8 to 15 need the bit that the short prefix lacks if they are ModRM.rm
        int r = to.number() > 7 ? 0 : 0x80;
        if (from.number() > 7) {
            code.bytes(0xc4, r | 0x41, 0x78, opcode);
        } else {
            code.bytes(0xc5, r | 0x78, opcode);
        }
        code.modRm(to.number(), from, 1);
    }

    /// Forgets the upper halves, so that older code that follows is not slowed.
    void vzeroupper() {
        code.bytes(0xc5, 0xf8, 0x77);
    }

    // ---- general registers

    void mov(Gpr to, Gpr from) {
        general(true, 0x89, from.number(), to);
    }

    void mov(Gpr to, Mem from) {
        general(true, 0x8b, to.number(), from);
    }

    void mov(Mem to, Gpr from) {
        general(true, 0x89, from.number(), to);
    }

    /// Copies 32 bits and clears the upper half.
    void mov32(Gpr to, Gpr from) {
        general(false, 0x89, from.number(), to);
    }

    void mov32(Gpr to, Mem from) {
        general(false, 0x8b, to.number(), from);
    }

    void mov32(Mem to, Gpr from) {
        general(false, 0x89, from.number(), to);
    }

    /// A constant, in the shortest of three ways.
    void mov(Gpr to, long value) {
        if (value == (value & 0xffffffffL)) {
            rex(false, 0, to);
            code.bytes(0xb8 | to.number() & 7);
            code.int32((int) value);
        } else if (value == (int) value) {
            general(true, 0xc7, 0, to);
            code.int32((int) value);
        } else {
            rex(true, 0, to);
            code.bytes(0xb8 | to.number() & 7);
            code.int32((int) value);
            code.int32((int) (value >> 32));
        }
    }

    /// The address itself.
    void lea(Gpr to, Mem address) {
        general(true, 0x8d, to.number(), address);
    }

    /// The address of a place in the code: of constants behind a function.
    void lea(Gpr to, Label place) {
        far(place, 0x48 | to.number() >> 3 << 2, 0x8d, 0x05 | (to.number() & 7) << 3);
    }

    void op(Arithmetic op, Gpr to, Gpr from) {
        general(true, op.ordinal() << 3 | 1, from.number(), to);
    }

    void op(Arithmetic op, Gpr to, Mem from) {
        general(true, op.ordinal() << 3 | 3, to.number(), from);
    }

    void op(Arithmetic op, Gpr to, int value) {
        boolean small = value == (byte) value;
        general(true, small ? 0x83 : 0x81, op.ordinal(), to);
        if (small) {
            code.bytes(value);
        } else {
            code.int32(value);
        }
    }

    /// Clears a register.
    void clear(Gpr register) {
        general(false, 0x31, register.number(), register);
    }

    void test(Gpr a, Gpr b) {
        general(true, 0x85, b.number(), a);
    }

    void imul(Gpr to, Operand by) {
        rex(true, to.number(), by);
        code.bytes(0x0f, 0xaf);
        code.modRm(to.number(), by, 1);
    }

    void imul(Gpr to, Operand from, int by) {
        boolean small = by == (byte) by;
        general(true, small ? 0x6b : 0x69, to.number(), from);
        if (small) {
            code.bytes(by);
        } else {
            code.int32(by);
        }
    }

    void shift(Shift shift, Gpr register, int count) {
        general(true, count == 1 ? 0xd1 : 0xc1, shift.number, register);
        if (count != 1) {
            code.bytes(count);
        }
    }

    void inc(Gpr register) {
        general(true, 0xff, 0, register);
    }

    void dec(Gpr register) {
        general(true, 0xff, 1, register);
    }

    void neg(Gpr register) {
        general(true, 0xf7, 3, register);
    }

    void push(Gpr register) {
        rex(false, 0, register);
        code.bytes(0x50 | register.number() & 7);
    }

    void pop(Gpr register) {
        rex(false, 0, register);
        code.bytes(0x58 | register.number() & 7);
    }

    private void general(boolean wide, int opcode, int reg, Operand rm) {
        rex(wide, reg, rm);
        code.bytes(opcode);
        code.modRm(reg, rm, 1);
    }

    /// The prefix for 64 bits and registers 8 to 15, if it says anything.
    private void rex(boolean wide, int reg, Operand rm) {
        int x = rm instanceof Mem mem && mem.index() != null ? mem.index().number() >> 3 : 0;
        int b = switch (rm) {
            case Register register -> register.number() >> 3;
            case Mem mem -> mem.base().number() >> 3;
        };
        int bits = (wide ? 8 : 0) | reg >> 3 << 2 | x << 1 | b;
        if (bits != 0) {
            code.bytes(0x40 | bits);
        }
    }

    // ---- control flow

    /// Puts a label here.
    void place(Label label) {
        if (label.position >= 0) {
            throw new IllegalStateException("the label has a place");
        }
        label.position = code.size();
        for (int at : label.waiting) {
            code.patch32(at, label.position - (at + 4));
        }
        open.remove(label);
    }

    /// Jumps if the condition holds: in two bytes to a label behind, if it is near, else in six.
    void jump(Condition condition, Label label) {
        jump(label, 0x70 | condition.ordinal(), 0x0f, 0x80 | condition.ordinal());
    }

    void jump(Label label) {
        jump(label, 0xeb, 0xe9);
    }

    private void jump(Label label, int shortOpcode, int... longOpcode) {
        int distance = label.position - (code.size() + 2);
        if (label.position >= 0 && distance == (byte) distance) {
            code.bytes(shortOpcode, distance);
        } else {
            far(label, longOpcode);
        }
    }

    private void far(Label label, int... opcode) {
        code.bytes(opcode);
        if (label.position >= 0) {
            code.int32(label.position - (code.size() + 4));
        } else {
            label.waiting.add(code.size());
            code.int32(0);
            if (!open.contains(label)) {
                open.add(label);
            }
        }
    }

    void call(Label label) {
        far(label, 0xe8);
    }

    void call(Gpr address) {
        rex(false, 0, address);
        code.bytes(0xff);
        code.modRm(2, address, 1);
    }

    void ret() {
        code.bytes(0xc3);
    }

    /// Numbers that code reads; where they stand nothing may run.
    void data(float... numbers) {
        for (float number : numbers) {
            code.int32(Float.floatToRawIntBits(number));
        }
    }

    /// Fills with instructions that do nothing up to a multiple of `bytes`, a power of two. Code starts on a page, so
    /// this aligns addresses.
    void align(int bytes) {
        while ((code.size() & bytes - 1) != 0) {
            switch (Math.min(bytes - (code.size() & bytes - 1), 4)) {
                case 1 -> code.bytes(0x90);
                case 2 -> code.bytes(0x66, 0x90);
                case 3 -> code.bytes(0x0f, 0x1f, 0x00);
                default -> code.bytes(0x0f, 0x1f, 0x40, 0x00);
            }
        }
    }

    // ---- memory and the processor

    void prefetch(Prefetch level, Mem address) {
        rex(false, 0, address);
        code.bytes(0x0f, 0x18);
        code.modRm(level.ordinal(), address, 1);
    }

    /// Makes non-temporal stores visible before what follows.
    void sfence() {
        code.bytes(0x0f, 0xae, 0xf8);
    }

    /// Asks what the processor is: leaf EAX, subleaf ECX; answers in EAX, EBX, ECX, EDX.
    void cpuid() {
        code.bytes(0x0f, 0xa2);
    }

    /// Asks what state the system saves: register ECX; answers in EDX:EAX.
    void xgetbv() {
        code.bytes(0x0f, 0x01, 0xd0);
    }
}
