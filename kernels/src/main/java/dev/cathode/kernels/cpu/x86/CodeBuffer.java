package dev.cathode.kernels.cpu.x86;

import dev.cathode.kernels.cpu.x86.Operand.Mem;
import dev.cathode.kernels.cpu.x86.Operand.Register;
import java.util.Arrays;

/// Bytes of machine code, and the part of an instruction that all kinds share: ModRM, SIB, displacement.
final class CodeBuffer {
    private byte[] bytes = new byte[1024];
    private int size;

    int size() {
        return size;
    }

    byte[] toArray() {
        return Arrays.copyOf(bytes, size);
    }

    void bytes(int... values) {
        for (int value : values) {
            if (size == bytes.length) {
                bytes = Arrays.copyOf(bytes, 2 * size);
            }
            bytes[size++] = (byte) value;
        }
    }

    void int32(int value) {
        bytes(value, value >> 8, value >> 16, value >> 24);
    }

    /// Writes over what is there.
    void patch32(int at, int value) {
        for (int i = 0; i < 4; i++) {
            bytes[at + i] = (byte) (value >> 8 * i);
        }
    }

    /// ModRM and what follows it.
    ///
    /// @param reg register or extension of the opcode, of which the lowest three bits count
    /// @param unit bytes in which a displacement of 8 bits is counted (EVEX), else 1
    void modRm(int reg, Operand rm, int unit) {
        int field = (reg & 7) << 3;
        switch (rm) {
            case Register register -> bytes(0xc0 | field | register.number() & 7);
            case Mem mem -> memory(field, mem, unit);
        }
    }

    private void memory(int field, Mem mem, int unit) {
        int base = mem.base().number() & 7;
        int displacement = mem.displacement();
        boolean small = displacement % unit == 0 && displacement / unit == (byte) (displacement / unit);
        // base 5 (RBP, R13) without a displacement would mean something else, base 4 (RSP, R12) announces a SIB byte
        int mod = displacement == 0 && base != 5 ? 0 : small ? 0x40 : 0x80;
        if (mem.index() == null && base != 4) {
            bytes(mod | field | base);
        } else {
            int index = mem.index() == null ? 4 : mem.index().number() & 7;
            bytes(mod | field | 4, Integer.numberOfTrailingZeros(mem.scale()) << 6 | index << 3 | base);
        }
        if (mod == 0x40) {
            bytes(displacement / unit);
        } else if (mod == 0x80) {
            int32(displacement);
        }
    }
}
