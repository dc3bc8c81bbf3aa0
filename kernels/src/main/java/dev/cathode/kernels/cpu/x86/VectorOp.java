package dev.cathode.kernels.cpu.x86;

import static dev.cathode.kernels.cpu.x86.VectorOp.Coding.BOTH;
import static dev.cathode.kernels.cpu.x86.VectorOp.Coding.EVEX;
import static dev.cathode.kernels.cpu.x86.VectorOp.Coding.VEX;
import static dev.cathode.kernels.cpu.x86.VectorOp.Form.MASKED_MOVE;
import static dev.cathode.kernels.cpu.x86.VectorOp.Form.MOVE;
import static dev.cathode.kernels.cpu.x86.VectorOp.Form.MR;
import static dev.cathode.kernels.cpu.x86.VectorOp.Form.RM;
import static dev.cathode.kernels.cpu.x86.VectorOp.Form.RVM;
import static dev.cathode.kernels.cpu.x86.VectorOp.Form.VM;
import static dev.cathode.kernels.cpu.x86.VectorOp.Immediate.NONE;
import static dev.cathode.kernels.cpu.x86.VectorOp.Immediate.YES;
import static dev.cathode.kernels.cpu.x86.VectorOp.Map.M0F;
import static dev.cathode.kernels.cpu.x86.VectorOp.Map.M0F38;
import static dev.cathode.kernels.cpu.x86.VectorOp.Map.M0F3A;
import static dev.cathode.kernels.cpu.x86.VectorOp.Prefix.NP;
import static dev.cathode.kernels.cpu.x86.VectorOp.Prefix.P66;
import static dev.cathode.kernels.cpu.x86.VectorOp.Prefix.PF2;
import static dev.cathode.kernels.cpu.x86.VectorOp.Prefix.PF3;
import static dev.cathode.kernels.cpu.x86.VectorOp.Tuple.FULL;
import static dev.cathode.kernels.cpu.x86.VectorOp.Tuple.FULL_MEM;
import static dev.cathode.kernels.cpu.x86.VectorOp.Tuple.HALF_MEM;
import static dev.cathode.kernels.cpu.x86.VectorOp.Tuple.SCALAR;
import static dev.cathode.kernels.cpu.x86.VectorOp.Tuple.T128;
import static dev.cathode.kernels.cpu.x86.VectorOp.Tuple.T256;
import static dev.cathode.kernels.cpu.x86.VectorOp.Tuple.T64;

/// The vector instructions in use, as the manual's opcode tables have them (Intel 64 and IA-32 Architectures Software
/// Developer's Manual, volume 2). [VectorEncoder] turns a line of this table and operands into bytes.
enum VectorOp {
    // moves
    VMOVUPS(BOTH, NP, M0F, 0, 0x10, MOVE, 0x11, FULL_MEM),
    VMOVAPS(BOTH, NP, M0F, 0, 0x28, MOVE, 0x29, FULL_MEM),
    VMOVDQU(VEX, PF3, M0F, 0, 0x6f, MOVE, 0x7f, FULL_MEM),
    VMOVDQU8(EVEX, PF2, M0F, 0, 0x6f, MOVE, 0x7f, FULL_MEM),
    VMOVDQU16(EVEX, PF2, M0F, 1, 0x6f, MOVE, 0x7f, FULL_MEM),
    VMOVDQU32(EVEX, PF3, M0F, 0, 0x6f, MOVE, 0x7f, FULL_MEM),
    VMOVNTPS(BOTH, NP, M0F, 0, 0x2b, MR, NONE, FULL_MEM),
    VMOVLPS(BOTH, NP, M0F, 0, 0x13, MR, NONE, T64),
    VMASKMOVPS(VEX, P66, M0F38, 0, 0x2c, MASKED_MOVE, 0x2e, FULL_MEM),
    VBROADCASTSS(BOTH, P66, M0F38, 0, 0x18, RM, NONE, SCALAR),
    VBROADCASTF32X4(EVEX, P66, M0F38, 0, 0x1a, RM, NONE, T128),
    // arithmetic
    VADDPS(BOTH, NP, M0F, 0, 0x58, RVM, NONE, FULL),
    VMULPS(BOTH, NP, M0F, 0, 0x59, RVM, NONE, FULL),
    VSUBPS(BOTH, NP, M0F, 0, 0x5c, RVM, NONE, FULL),
    VMINPS(BOTH, NP, M0F, 0, 0x5d, RVM, NONE, FULL),
    VDIVPS(BOTH, NP, M0F, 0, 0x5e, RVM, NONE, FULL),
    VMAXPS(BOTH, NP, M0F, 0, 0x5f, RVM, NONE, FULL),
    VADDPD(BOTH, P66, M0F, 2, 0x58, RVM, NONE, FULL_MEM),
    VFMADD231PD(BOTH, P66, M0F38, 1, 0xb8, RVM, NONE, FULL_MEM),
    VCVTPS2PD(BOTH, NP, M0F, 0, 0x5a, RM, NONE, HALF_MEM),
    VSQRTPS(BOTH, NP, M0F, 0, 0x51, RM, NONE, FULL),
    VFMADD132PS(BOTH, P66, M0F38, 0, 0x98, RVM, NONE, FULL),
    VFMADD213PS(BOTH, P66, M0F38, 0, 0xa8, RVM, NONE, FULL),
    VFMADD231PS(BOTH, P66, M0F38, 0, 0xb8, RVM, NONE, FULL),
    VFNMADD213PS(BOTH, P66, M0F38, 0, 0xac, RVM, NONE, FULL),
    VFNMADD231PS(BOTH, P66, M0F38, 0, 0xbc, RVM, NONE, FULL),
    VFNMSUB231PS(BOTH, P66, M0F38, 0, 0xbe, RVM, NONE, FULL),
    VROUNDPS(VEX, P66, M0F3A, 0, 0x08, RM, YES, FULL),
    VRNDSCALEPS(EVEX, P66, M0F3A, 0, 0x08, RM, YES, FULL),
    VREDUCEPS(EVEX, P66, M0F3A, 0, 0x56, RM, YES, FULL),
    VSCALEFPS(EVEX, P66, M0F38, 0, 0x2c, RVM, NONE, FULL),
    // bfloat16 and half precision
    VDPBF16PS(EVEX, PF3, M0F38, 0, 0x52, RVM, NONE, FULL),
    VCVTNEPS2BF16(EVEX, PF3, M0F38, 0, 0x72, RM, NONE, FULL),
    VCVTNE2PS2BF16(EVEX, PF2, M0F38, 0, 0x72, RVM, NONE, FULL),
    VPMOVZXWD(BOTH, P66, M0F38, 0, 0x33, RM, NONE, HALF_MEM),
    VCVTPH2PS(BOTH, P66, M0F38, 0, 0x13, RM, NONE, HALF_MEM),
    VPACKUSDW(BOTH, P66, M0F38, 0, 0x2b, RVM, NONE, FULL),
    VPMOVDW(EVEX, PF3, M0F38, 0, 0x33, MR, NONE, HALF_MEM),
    VCVTPS2PH(BOTH, P66, M0F3A, 0, 0x1d, MR, YES, HALF_MEM),
    // whole numbers
    VCVTDQ2PS(BOTH, NP, M0F, 0, 0x5b, RM, NONE, FULL),
    VCVTPS2DQ(BOTH, P66, M0F, 0, 0x5b, RM, NONE, FULL),
    VPADDD(BOTH, P66, M0F, 0, 0xfe, RVM, NONE, FULL),
    VPSUBD(BOTH, P66, M0F, 0, 0xfa, RVM, NONE, FULL),
    VPSRLD(BOTH, P66, M0F, 0, 0x72, VM, 2, FULL),
    VPSRAD(BOTH, P66, M0F, 0, 0x72, VM, 4, FULL),
    VPSLLD(BOTH, P66, M0F, 0, 0x72, VM, 6, FULL),
    // bits
    VANDPS(BOTH, NP, M0F, 0, 0x54, RVM, NONE, FULL),
    VANDNPS(BOTH, NP, M0F, 0, 0x55, RVM, NONE, FULL),
    VORPS(BOTH, NP, M0F, 0, 0x56, RVM, NONE, FULL),
    VXORPS(BOTH, NP, M0F, 0, 0x57, RVM, NONE, FULL),
    VPAND(VEX, P66, M0F, 0, 0xdb, RVM, NONE, FULL),
    VPOR(VEX, P66, M0F, 0, 0xeb, RVM, NONE, FULL),
    VPXOR(VEX, P66, M0F, 0, 0xef, RVM, NONE, FULL),
    VPANDD(EVEX, P66, M0F, 0, 0xdb, RVM, NONE, FULL),
    VPORD(EVEX, P66, M0F, 0, 0xeb, RVM, NONE, FULL),
    VPXORD(EVEX, P66, M0F, 0, 0xef, RVM, NONE, FULL),
    // comparisons and choices
    VCMPPS(BOTH, NP, M0F, 0, 0xc2, RVM, YES, FULL),
    VBLENDMPS(EVEX, P66, M0F38, 0, 0x65, RVM, NONE, FULL),
    // permutations
    VUNPCKLPS(BOTH, NP, M0F, 0, 0x14, RVM, NONE, FULL),
    VUNPCKHPS(BOTH, NP, M0F, 0, 0x15, RVM, NONE, FULL),
    VSHUFPS(BOTH, NP, M0F, 0, 0xc6, RVM, YES, FULL),
    VPERMPS(BOTH, P66, M0F38, 0, 0x16, RVM, NONE, FULL),
    VPERMW(EVEX, P66, M0F38, 1, 0x8d, RVM, NONE, FULL_MEM),
    VPERMI2PS(EVEX, P66, M0F38, 0, 0x77, RVM, NONE, FULL),
    VPERMT2PS(EVEX, P66, M0F38, 0, 0x7f, RVM, NONE, FULL),
    VSHUFF32X4(EVEX, P66, M0F3A, 0, 0x23, RVM, YES, FULL),
    VPERM2F128(VEX, P66, M0F3A, 0, 0x06, RVM, YES, FULL),
    VEXTRACTF128(VEX, P66, M0F3A, 0, 0x19, MR, YES, T128),
    VEXTRACTF32X4(EVEX, P66, M0F3A, 0, 0x19, MR, YES, T128),
    VEXTRACTF64X4(EVEX, P66, M0F3A, 1, 0x1b, MR, YES, T256),
    // masks: VEX with a length bit of their own
    KNOTW(VEX, NP, M0F, 0, 0x44, RM, NONE, FULL),
    KORTESTW(VEX, NP, M0F, 0, 0x98, RM, NONE, FULL),
    KANDW(VEX, NP, M0F, 0, 0x41, RVM, NONE, FULL),
    KANDNW(VEX, NP, M0F, 0, 0x42, RVM, NONE, FULL),
    KORW(VEX, NP, M0F, 0, 0x45, RVM, NONE, FULL),
    KXORW(VEX, NP, M0F, 0, 0x47, RVM, NONE, FULL);

    /// The prefixes that exist: VEX reaches registers 0 to 15 of 256 bits, EVEX all, masks and broadcasts.
    enum Coding { VEX, EVEX, BOTH }

    /// The prefix that older code would have had, now two bits.
    enum Prefix { NP, P66, PF3, PF2 }

    /// The opcode's table; its number is the constant's ordinal plus one.
    enum Map { M0F, M0F38, M0F3A }

    /// Which field of the instruction each operand goes to, in the order they are written: R is ModRM.reg, V is vvvv, M
    /// is ModRM.rm, which alone can be memory. MOVE is RM, or MR if its first operand is memory; MASKED_MOVE is RVM, or
    /// MVR likewise.
    enum Form { RM, MR, RVM, MVR, VM, MOVE, MASKED_MOVE }

    /// Whether an immediate byte follows.
    enum Immediate { NONE, YES }

    /// How much memory an operand covers, in which unit EVEX counts a displacement of 8 bits.
    enum Tuple {
        /// A vector; with broadcast, one number.
        FULL,
        /// A vector.
        FULL_MEM,
        /// Half a vector.
        HALF_MEM,
        /// One number.
        SCALAR,
        /// 8 bytes.
        T64,
        /// 16 bytes.
        T128,
        /// 32 bytes.
        T256;

        int unit(int vectorBytes, boolean broadcast) {
            return switch (this) {
                case FULL -> broadcast ? Float.BYTES : vectorBytes;
                case FULL_MEM -> vectorBytes;
                case HALF_MEM -> vectorBytes / 2;
                case SCALAR -> Float.BYTES;
                case T64 -> 8;
                case T128 -> 16;
                case T256 -> 32;
            };
        }
    }

    final Coding coding;
    final Prefix prefix;
    final Map map;
    /// The bit W; 2 if EVEX sets it and VEX ignores it.
    final int w;
    final int opcode;
    final Form form;
    final Tuple tuple;
    final boolean immediate;
    /// The opcode of a store (MOVE, MASKED_MOVE), or what stands in ModRM.reg (VM).
    final int other;

    VectorOp(Coding coding, Prefix prefix, Map map, int w, int opcode, Form form, Immediate immediate, Tuple tuple) {
        this(coding, prefix, map, w, opcode, form, tuple, immediate == YES, 0);
    }

    VectorOp(Coding coding, Prefix prefix, Map map, int w, int opcode, Form form, int other, Tuple tuple) {
        this(coding, prefix, map, w, opcode, form, tuple, form == VM, other);
    }

    VectorOp(Coding coding, Prefix prefix, Map map, int w, int opcode, Form form, Tuple tuple, boolean immediate,
             int other) {
        this.coding = coding;
        this.prefix = prefix;
        this.map = map;
        this.w = w;
        this.opcode = opcode;
        this.form = form;
        this.tuple = tuple;
        this.immediate = immediate;
        this.other = other;
    }
}
