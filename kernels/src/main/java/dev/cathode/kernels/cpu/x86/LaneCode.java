package dev.cathode.kernels.cpu.x86;

import static dev.cathode.kernels.cpu.x86.VectorOp.VADDPD;
import static dev.cathode.kernels.cpu.x86.VectorOp.VCVTPS2PD;
import static dev.cathode.kernels.cpu.x86.VectorOp.VEXTRACTF128;
import static dev.cathode.kernels.cpu.x86.VectorOp.VEXTRACTF32X4;
import static dev.cathode.kernels.cpu.x86.VectorOp.VEXTRACTF64X4;
import static dev.cathode.kernels.cpu.x86.VectorOp.VMOVLPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VSHUFPS;

import dev.cathode.kernels.cpu.x86.Operand.Mem;
import dev.cathode.kernels.cpu.x86.Operand.Vec;

/// Writes what makes one number of the lanes of a vector: upper half with lower half, until one is left.
final class LaneCode {
    private final Assembler a;
    private final int bits;

    LaneCode(Assembler a, int bits) {
        this.a = a;
        this.bits = bits;
    }

    /// Stores the sum of the lanes in float64; destroys x and the other register.
    void storeTotal(Mem to, Vec x, Vec free) {
        Vec wide = new Vec(x.number(), bits);
        a.op(VCVTPS2PD, new Vec(free.number(), bits), upper(x, free, bits / 2));
        a.op(VCVTPS2PD, wide, new Vec(x.number(), bits / 2));
        a.op(VADDPD, wide, wide, new Vec(free.number(), bits));
        for (int half = bits / 2; half >= Double.SIZE; half /= 2) {
            Vec upper = upper(x, free, half);
            Vec lower = new Vec(x.number(), upper.bits());
            a.op(VADDPD, lower, lower, upper);
        }
        a.op(VMOVLPS, to, Vec.xmm(x.number()));
    }

    /// Stores the first lane as float64; destroys x.
    void storeFirst(Mem to, Vec x) {
        Vec first = Vec.xmm(x.number());
        a.op(VCVTPS2PD, first, first);
        a.op(VMOVLPS, to, first);
    }

    /// The upper half of the first 2 · `half` bits of a register, in the lower half of another.
    Vec upper(Vec of, Vec to, int half) {
        Vec low = Vec.xmm(of.number());
        switch (half) {
            case 256 -> a.imm(VEXTRACTF64X4, 1, Vec.ymm(to.number()), Vec.zmm(of.number()));
            case 128 -> a.imm(bits == 512 ? VEXTRACTF32X4 : VEXTRACTF128, 1, Vec.xmm(to.number()),
                    Vec.ymm(of.number()));
            default -> a.imm(VSHUFPS, half == 64 ? 0xee : 0x55, Vec.xmm(to.number()), low, low);
        }
        return new Vec(to.number(), Math.max(half, 128));
    }
}
