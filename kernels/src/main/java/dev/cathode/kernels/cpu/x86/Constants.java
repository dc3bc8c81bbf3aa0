package dev.cathode.kernels.cpu.x86;

import static dev.cathode.kernels.cpu.x86.Operand.Mem.at;

import dev.cathode.kernels.cpu.x86.Assembler.Label;
import dev.cathode.kernels.cpu.x86.Operand.Gpr;
import dev.cathode.kernels.cpu.x86.Operand.Mem;
import dev.cathode.kernels.cpu.x86.Operand.Vec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Floats that a function reads from behind its end: [#point] at its beginning, [#table] after its return. AVX-512
/// reads one number for all lanes, AVX2 a whole vector.
final class Constants {
    private final Assembler a;
    private final int bits;
    private final Gpr base;
    private final Label place = new Label();
    /// Bits of the numbers, in the order of their first use.
    private final List<Integer> numbers = new ArrayList<>();

    /// @param base the register that points to them
    Constants(Assembler a, int bits, Gpr base) {
        this.a = a;
        this.bits = bits;
        this.base = base;
    }

    /// Points the register to the numbers.
    void point() {
        a.lea(base, place);
    }

    /// A number as an instruction's last operand.
    Mem of(float number) {
        Mem mem = at(base, offset(number));
        return bits == 512 ? mem.toAllLanes() : mem;
    }

    /// Loads a number into all lanes of a register.
    void load(Vec to, float number) {
        a.op(VectorOp.VBROADCASTSS, to, at(base, offset(number)));
    }

    private int offset(float number) {
        Integer key = Float.floatToRawIntBits(number);
        if (!numbers.contains(key)) {
            numbers.add(key);
        }
        return numbers.indexOf(key) * stride();
    }

    private int stride() {
        return bits == 512 ? Float.BYTES : bits / 8;
    }

    /// Appends the numbers.
    void table() {
        a.align(64);
        a.place(place);
        for (int number : numbers) {
            float[] copies = new float[stride() / Float.BYTES];
            Arrays.fill(copies, Float.intBitsToFloat(number));
            a.data(copies);
        }
    }
}
