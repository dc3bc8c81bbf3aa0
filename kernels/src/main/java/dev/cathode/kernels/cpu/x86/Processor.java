package dev.cathode.kernels.cpu.x86;

import static dev.cathode.kernels.cpu.x86.Operand.Gpr.R8;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RAX;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RBX;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RCX;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RDI;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RDX;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RSI;
import static dev.cathode.kernels.cpu.x86.Operand.Mem.at;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/// What this processor says of itself, asked by machine code of our own: Java has no word for CPUID.
///
/// @param model the processor's name
/// @param avx2 AVX2, FMA and F16C are there and the system saves their registers
/// @param avx512 AVX-512 F, BW, DQ and VL are there and the system saves their registers
/// @param bf16 AVX-512 BF16 as well
record Processor(String model, boolean avx2, boolean avx512, boolean bf16) {
    /// Answers of the CPUID instruction.
    @FunctionalInterface
    interface Leaves {
        /// EAX, EBX, ECX, EDX for a leaf and subleaf.
        int[] of(int leaf, int subleaf);
    }

    private static final int OSXSAVE = 1 << 27; // leaf 1, ECX
    private static final int AVX_FMA_F16C = 1 << 28 | 1 << 12 | 1 << 29;
    private static final int AVX2 = 1 << 5; // leaf 7, EBX
    private static final int AVX512 = 1 << 16 | 1 << 17 | 1 << 30 | 1 << 31; // F, DQ, BW, VL
    private static final int AVX512_BF16 = 1 << 5; // leaf 7, subleaf 1, EAX
    private static final long SAVES_AVX = 0x6; // XCR0
    private static final long SAVES_AVX512 = 0xe6;

    /// Offset of the second function in [#code()].
    private static final int XGETBV_AT = 64;

    /// `void cpuid(int leaf, int subleaf, int* answer)`, and at [#XGETBV_AT] `long xgetbv()`.
    static byte[] code() {
        Assembler a = new Assembler();
        a.push(RBX); // the caller's
        a.mov(R8, RDX);
        a.mov32(RAX, RDI);
        a.mov32(RCX, RSI);
        a.cpuid();
        a.mov32(at(R8), RAX);
        a.mov32(at(R8, 4), RBX);
        a.mov32(at(R8, 8), RCX);
        a.mov32(at(R8, 12), RDX);
        a.pop(RBX);
        a.ret();
        a.align(XGETBV_AT);
        a.clear(RCX);
        a.xgetbv();
        a.shift(Assembler.Shift.SHL, RDX, 32);
        a.op(Assembler.Arithmetic.OR, RAX, RDX);
        a.ret();
        return a.assemble();
    }

    /// Asks the processor by installed [#code()].
    @SuppressWarnings("restricted")
    static Processor ask(MachineCode code) {
        Linker linker = Linker.nativeLinker();
        MethodHandle cpuid = linker.downcallHandle(code.at(0), FunctionDescriptor.ofVoid(ValueLayout.JAVA_INT,
                ValueLayout.JAVA_INT, ValueLayout.ADDRESS));
        MethodHandle xgetbv = linker.downcallHandle(code.at(XGETBV_AT), FunctionDescriptor.of(ValueLayout.JAVA_LONG));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment answer = arena.allocate(ValueLayout.JAVA_INT, 4);
            Leaves leaves = (leaf, subleaf) -> {
                try {
                    cpuid.invokeExact(leaf, subleaf, answer);
                    return answer.toArray(ValueLayout.JAVA_INT);
                } catch (Throwable e) {
                    throw new IllegalStateException(e);
                }
            };
            // the instruction exists where the system says so
            boolean saves = (leaves.of(1, 0)[2] & OSXSAVE) != 0;
            return of(leaves, saves ? (long) xgetbv.invokeExact() : 0);
        } catch (RuntimeException e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    /// Reads the bits.
    ///
    /// @param saved which registers the system saves (XCR0); 0 if it does not say
    static Processor of(Leaves leaves, long saved) {
        int highest = leaves.of(0, 0)[0];
        int basic = leaves.of(1, 0)[2];
        int[] extended = highest >= 7 ? leaves.of(7, 0) : new int[4];
        int[] more = highest >= 7 && extended[0] >= 1 ? leaves.of(7, 1) : new int[4];
        boolean avx2 = (saved & SAVES_AVX) == SAVES_AVX && (basic & AVX_FMA_F16C) == AVX_FMA_F16C
                && (extended[1] & AVX2) != 0;
        boolean avx512 = avx2 && (saved & SAVES_AVX512) == SAVES_AVX512 && (extended[1] & AVX512) == AVX512;
        return new Processor(model(leaves), avx2, avx512, avx512 && (more[0] & AVX512_BF16) != 0);
    }

    /// 48 characters in three leaves, little-endian, ended by a zero.
    private static String model(Leaves leaves) {
        if (Integer.compareUnsigned(leaves.of(0x80000000, 0)[0], 0x80000004) < 0) {
            return "an unnamed processor";
        }
        StringBuilder name = new StringBuilder();
        for (int leaf = 0x80000002; leaf <= 0x80000004; leaf++) {
            for (int register : leaves.of(leaf, 0)) {
                for (int shift = 0; shift < 32; shift += 8) {
                    name.append((char) (register >> shift & 0xff));
                }
            }
        }
        int end = name.indexOf("\0");
        return (end < 0 ? name.toString() : name.substring(0, end)).strip();
    }
}
