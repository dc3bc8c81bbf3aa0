package dev.cathode.kernels.cpu.x86;

/// What an instruction works on: a register or memory.
sealed interface Operand {
    /// Something with a number that goes into the instruction's bits.
    sealed interface Register extends Operand {
        /// The number: 0 to 7, 15 or 31.
        int number();
    }

    /// General registers, 64 bits, in the order of their numbers.
    enum Gpr implements Register {
        /// Number 0.
        RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15;

        @Override
        public int number() {
            return ordinal();
        }
    }

    /// A vector register.
    ///
    /// @param number 0 to 31
    /// @param bits 128 (xmm), 256 (ymm) or 512 (zmm)
    record Vec(int number, int bits) implements Register {
        public Vec {
            if (number < 0 || number > 31 || bits != 128 && bits != 256 && bits != 512) {
                throw new IllegalArgumentException("no vector register " + number + " of " + bits + " bits");
            }
        }

        static Vec xmm(int number) {
            return new Vec(number, 128);
        }

        static Vec ymm(int number) {
            return new Vec(number, 256);
        }

        static Vec zmm(int number) {
            return new Vec(number, 512);
        }
    }

    /// A mask register.
    ///
    /// @param number 0 to 7; as a mask, 0 means all lanes
    /// @param zeroing whether lanes that it leaves out become zero (they keep their value otherwise)
    record Mask(int number, boolean zeroing) implements Register {
        /// All lanes.
        static final Mask ALL = k(0);

        public Mask {
            if (number < 0 || number > 7 || zeroing && number == 0) {
                throw new IllegalArgumentException("no mask register " + number + (zeroing ? " that zeroes" : ""));
            }
        }

        static Mask k(int number) {
            return new Mask(number, false);
        }

        /// The same, zeroing.
        Mask zero() {
            return new Mask(number, true);
        }
    }

    /// Memory at `base + index · scale + displacement`.
    ///
    /// @param index a register other than RSP, or null
    /// @param scale 1, 2, 4 or 8
    /// @param broadcast whether one number lies there that all lanes take (`{1to16}`)
    record Mem(Gpr base, Gpr index, int scale, int displacement, boolean broadcast) implements Operand {
        public Mem {
            if (index == Gpr.RSP) {
                throw new IllegalArgumentException("RSP cannot be an index");
            }
            if (scale != 1 && scale != 2 && scale != 4 && scale != 8) {
                throw new IllegalArgumentException("scale must be 1, 2, 4 or 8, not " + scale);
            }
        }

        static Mem at(Gpr base) {
            return at(base, 0);
        }

        static Mem at(Gpr base, int displacement) {
            return new Mem(base, null, 1, displacement, false);
        }

        static Mem at(Gpr base, Gpr index, int scale, int displacement) {
            return new Mem(base, index, scale, displacement, false);
        }

        /// The same, broadcast.
        Mem toAllLanes() {
            return new Mem(base, index, scale, displacement, true);
        }
    }
}
