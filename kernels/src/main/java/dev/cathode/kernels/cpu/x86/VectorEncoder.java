package dev.cathode.kernels.cpu.x86;

import dev.cathode.kernels.cpu.x86.Operand.Mask;
import dev.cathode.kernels.cpu.x86.Operand.Mem;
import dev.cathode.kernels.cpu.x86.Operand.Register;
import dev.cathode.kernels.cpu.x86.Operand.Vec;
import dev.cathode.kernels.cpu.x86.VectorOp.Coding;
import dev.cathode.kernels.cpu.x86.VectorOp.Form;

/// Encodes one vector instruction: the fields of its operands, then a VEX prefix where that reaches, else EVEX.
///
/// @param op the instruction
/// @param opcode its opcode
/// @param bits vector length: of the widest register
/// @param reg what goes into ModRM.reg
/// @param v the register in vvvv; 0 if there is none (all ones in the bits, which are inverted)
/// @param rm what goes into ModRM.rm
/// @param mask lanes
/// @param compares whether the result is a mask of vector lanes, which only EVEX has
record VectorEncoder(VectorOp op, int opcode, int bits, int reg, int v, Operand rm, Mask mask, boolean compares) {
    /// Assigns operands, in the order in which they are written, to fields.
    static VectorEncoder of(VectorOp op, Mask mask, Operand... operands) {
        int expected = op.form == Form.RVM || op.form == Form.MASKED_MOVE ? 3 : 2;
        if (operands.length != expected) {
            throw new IllegalArgumentException(op + " takes " + expected + " operands, not " + operands.length);
        }
        int bits = 0;
        for (Operand operand : operands) {
            bits = Math.max(bits, operand instanceof Vec vec ? vec.bits() : 0);
        }
        boolean compares = operands[0] instanceof Mask && bits > 0;
        boolean stores = operands[0] instanceof Mem;
        Form form = switch (op.form) {
            case MOVE -> stores ? Form.MR : Form.RM;
            case MASKED_MOVE -> stores ? Form.MVR : Form.RVM;
            default -> op.form;
        };
        return switch (form) {
            case RM -> new VectorEncoder(op, op.opcode, bits, number(op, operands[0]), 0, operands[1], mask,
                    compares);
            case MR -> new VectorEncoder(op, op.form == Form.MOVE ? op.other : op.opcode, bits,
                    number(op, operands[1]), 0, operands[0], mask, compares);
            case RVM -> new VectorEncoder(op, op.opcode, bits, number(op, operands[0]), number(op, operands[1]),
                    operands[2], mask, compares);
            case MVR -> new VectorEncoder(op, op.other, bits, number(op, operands[2]), number(op, operands[1]),
                    operands[0], mask, compares);
            case VM -> new VectorEncoder(op, op.opcode, bits, op.other, number(op, operands[0]), operands[1], mask,
                    compares);
            case MOVE, MASKED_MOVE -> throw new AssertionError("is one of the others");
        };
    }

    private static int number(VectorOp op, Operand operand) {
        if (operand instanceof Register register) {
            return register.number();
        }
        throw new IllegalArgumentException(op + " cannot have memory there");
    }

    /// Writes prefix, opcode, ModRM and displacement; an immediate is the caller's.
    void write(CodeBuffer code) {
        boolean broadcast = rm instanceof Mem mem && mem.broadcast();
        boolean evex = compares || op.coding == Coding.EVEX || bits == 512 || mask.number() != 0 || broadcast
                || Math.max(reg, v) > 15 || rm instanceof Register r && r.number() > 15
                || op.form == Form.VM && rm instanceof Mem; // VEX shifts registers only
        if (evex && op.coding == Coding.VEX) {
            throw new IllegalArgumentException(op + " reaches registers 0 to 15 of 256 bits, without masks");
        }
        if (broadcast && op.tuple != VectorOp.Tuple.FULL) {
            throw new IllegalArgumentException(op + " cannot broadcast from memory");
        }
        if (evex) {
            evex(code, broadcast);
        } else {
            vex(code);
        }
        code.bytes(opcode);
        code.modRm(reg, rm, evex ? op.tuple.unit(bits / 8, broadcast) : 1);
    }

    /// The fourth bit of ModRM.rm or the base.
    private int b() {
        return switch (rm) {
            case Register register -> register.number() >> 3 & 1;
            case Mem mem -> mem.base().number() >> 3;
        };
    }

    /// The fourth bit of the index; with EVEX, the fifth bit of a register.
    private int x() {
        return switch (rm) {
            case Register register -> register.number() >> 4;
            case Mem mem -> mem.index() == null ? 0 : mem.index().number() >> 3;
        };
    }

    private void vex(CodeBuffer code) {
        boolean masks = bits == 0;
        int length = masks ? op.form == Form.RVM ? 1 : 0 : bits / 256;
        int last = (~v & 15) << 3 | length << 2 | op.prefix.ordinal();
        int r = ~reg >> 3 & 1;
        if (op.map == VectorOp.Map.M0F && op.w != 1 && x() == 0 && b() == 0) {
            code.bytes(0xc5, r << 7 | last);
        } else {
            code.bytes(0xc4, r << 7 | (~x() & 1) << 6 | (~b() & 1) << 5 | op.map.ordinal() + 1, (op.w & 1) << 7 | last);
        }
    }

    private void evex(CodeBuffer code, boolean broadcast) {
        int length = bits == 512 ? 2 : bits / 256;
        code.bytes(0x62,
                (~reg >> 3 & 1) << 7 | (~x() & 1) << 6 | (~b() & 1) << 5 | (~reg >> 4 & 1) << 4 | op.map.ordinal() + 1,
                (op.w != 0 ? 0x80 : 0) | (~v & 15) << 3 | 4 | op.prefix.ordinal(),
                (mask.zeroing() ? 0x80 : 0) | length << 5 | (broadcast ? 0x10 : 0) | (~v >> 4 & 1) << 3
                        | mask.number());
    }
}
