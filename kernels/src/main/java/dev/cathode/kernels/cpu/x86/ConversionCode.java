package dev.cathode.kernels.cpu.x86;

import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RAX;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RCX;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RDI;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RDX;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RSI;
import static dev.cathode.kernels.cpu.x86.Operand.Mem.at;
import static dev.cathode.kernels.cpu.x86.VectorOp.VANDNPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VANDPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VCMPPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VCVTPH2PS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VCVTPS2PH;
import static dev.cathode.kernels.cpu.x86.VectorOp.VEXTRACTF128;
import static dev.cathode.kernels.cpu.x86.VectorOp.VMOVUPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VORPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VPACKUSDW;
import static dev.cathode.kernels.cpu.x86.VectorOp.VPADDD;
import static dev.cathode.kernels.cpu.x86.VectorOp.VPMOVDW;
import static dev.cathode.kernels.cpu.x86.VectorOp.VPMOVZXWD;
import static dev.cathode.kernels.cpu.x86.VectorOp.VPSLLD;
import static dev.cathode.kernels.cpu.x86.VectorOp.VPSRLD;

import dev.cathode.kernels.cpu.x86.Operand.Mask;
import dev.cathode.kernels.cpu.x86.Operand.Mem;
import dev.cathode.kernels.cpu.x86.Operand.Vec;

/// Writes conversions between float32 and 16 bits, `void convert(x, y, numbers)`, over whole vectors.
///
/// bfloat16 is rounded with whole numbers: the instruction that AVX-512 has for it takes denormal numbers for zeros.
final class ConversionCode {
    private static final int VECTORS = 4;
    private static final int UNORDERED = 3;
    private static final int NEAREST = 0;

    private final Assembler a;
    private final int bits;

    private ConversionCode(Assembler a, int bits) {
        this.a = a;
        this.bits = bits;
    }

    /// Appends the conversion of bfloat16, or half precision, to float32.
    static void widen(Assembler a, int bits, boolean bf16) {
        new ConversionCode(a, bits).widen(bf16);
    }

    /// Appends the conversion of float32 to bfloat16, or half precision.
    static void narrow(Assembler a, int bits, boolean bf16) {
        new ConversionCode(a, bits).narrow(bf16);
    }

    private Vec vec(int number) {
        return new Vec(number, bits);
    }

    /// Memory of a vector of numbers of 16 bits, half as far from its base; `index` counts bytes of these.
    private Mem half(Operand.Gpr base, int vector) {
        return at(base, RAX, 1, vector * bits / 16);
    }

    private Mem whole(Operand.Gpr base, int vector) {
        return at(base, RAX, 2, vector * bits / 8);
    }

    private void widen(boolean bf16) {
        a.lea(RDX, at(RDX, RDX, 1, 0)); // bytes of 16 bits
        VectorLoop.write(a, bits / 16, RAX, RDX, VECTORS, width -> {
            for (int i = 0; i < width; i++) {
                a.op(bf16 ? VPMOVZXWD : VCVTPH2PS, vec(i), half(RDI, i));
                if (bf16) {
                    a.imm(VPSLLD, 16, vec(i), vec(i));
                }
                a.op(VMOVUPS, whole(RSI, i), vec(i));
            }
        });
        a.vzeroupper();
        a.ret();
    }

    private void narrow(boolean bf16) {
        Constants constants = new Constants(a, bits, RCX);
        constants.point();
        Vec one = vec(12);
        Vec almostHalf = vec(13);
        Vec quiet = vec(14);
        if (bf16) {
            constants.load(one, Float.intBitsToFloat(1));
            constants.load(almostHalf, Float.intBitsToFloat(0x7fff));
            constants.load(quiet, Float.intBitsToFloat(0x40));
        }
        a.lea(RDX, at(RDX, RDX, 1, 0));
        VectorLoop.write(a, bits / 16, RAX, RDX, bf16 && bits == 256 ? 1 : VECTORS, width -> {
            for (int i = 0; i < width; i++) {
                Vec x = vec(3 * i);
                a.op(VMOVUPS, x, whole(RDI, i));
                if (bf16) {
                    round(x, vec(3 * i + 1), vec(3 * i + 2), one, almostHalf, quiet);
                }
            }
            for (int i = 0; i < width; i++) {
                store(bf16, vec(3 * i), i);
            }
        });
        a.vzeroupper();
        a.ret();
        constants.table();
    }

    /// The upper half of the sum with 7fff, plus one if the half is odd; a NaN stays what it is and becomes quiet.
    private void round(Vec x, Vec upper, Vec sum, Vec one, Vec almostHalf, Vec quiet) {
        a.imm(VPSRLD, 16, upper, x);
        a.op(VANDPS, sum, upper, one);
        a.op(VPADDD, sum, sum, x);
        a.op(VPADDD, sum, sum, almostHalf);
        a.imm(VPSRLD, 16, sum, sum);
        if (bits == 512) {
            a.imm(VCMPPS, UNORDERED, Mask.ALL, Mask.k(1), x, x);
            a.op(VORPS, Mask.k(1), sum, upper, quiet);
            a.op(VMOVUPS, x, sum);
        } else {
            a.imm(VCMPPS, UNORDERED, x, x, x);
            a.op(VORPS, upper, upper, quiet);
            a.op(VANDPS, upper, upper, x);
            a.op(VANDNPS, x, x, sum);
            a.op(VORPS, x, x, upper);
        }
    }

    private void store(boolean bf16, Vec x, int vector) {
        if (!bf16) {
            a.imm(VCVTPS2PH, NEAREST, half(RSI, vector), x);
        } else if (bits == 512) {
            a.op(VPMOVDW, half(RSI, vector), x);
        } else {
            Vec upper = Vec.xmm(x.number() + 1);
            Vec lower = Vec.xmm(x.number());
            a.imm(VEXTRACTF128, 1, upper, x);
            a.op(VPACKUSDW, lower, lower, upper);
            a.op(VMOVUPS, half(RSI, vector), lower);
        }
    }
}
