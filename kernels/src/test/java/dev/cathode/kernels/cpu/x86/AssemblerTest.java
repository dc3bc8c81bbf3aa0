package dev.cathode.kernels.cpu.x86;

import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RAX;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RSP;
import static dev.cathode.kernels.cpu.x86.Operand.Mask.k;
import static dev.cathode.kernels.cpu.x86.Operand.Mem.at;
import static dev.cathode.kernels.cpu.x86.Operand.Vec.xmm;
import static dev.cathode.kernels.cpu.x86.Operand.Vec.ymm;
import static dev.cathode.kernels.cpu.x86.Operand.Vec.zmm;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.kernels.cpu.x86.Assembler.Condition;
import dev.cathode.kernels.cpu.x86.Assembler.Label;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/// Bytes against those of GNU as (`tools/assembler/vectors.py`).
class AssemblerTest {
    private static final HexFormat HEX = HexFormat.of();

    private static List<String> lines() {
        try (InputStream in = AssemblerTest.class.getResourceAsStream("instructions.txt")) {
            return new String(in.readAllBytes(), StandardCharsets.US_ASCII).lines()
                    .filter(line -> !line.startsWith("#")).toList();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void writesTheBytesOfTheReference() {
        for (String line : lines()) {
            String[] parts = line.split(" -> ");
            assertEquals(parts[1], HEX.formatHex(AssemblyText.assemble(parts[0])), parts[0]);
        }
    }

    @Test
    void everyVectorInstructionIsCompared() {
        Set<String> seen = lines().stream().flatMap(line -> Arrays.stream(line.split(" -> ")[0].split("; ")))
                .map(text -> text.split(" ")[0].toUpperCase(Locale.ROOT)).collect(Collectors.toSet());
        for (VectorOp op : VectorOp.values()) {
            assertTrue(seen.contains(op.name()), op + " has no line");
        }
        for (Condition condition : Condition.values()) {
            assertTrue(seen.contains("J" + condition), condition + " has no line");
        }
    }

    @Test
    void alignsByInstructionsThatDoNothing() {
        for (int before = 0; before < 8; before++) {
            Assembler a = new Assembler();
            for (int i = 0; i < before; i++) {
                a.ret();
            }
            a.align(8);
            assertEquals(before == 0 ? 0 : 8, a.assemble().length);
        }
        Assembler a = new Assembler();
        a.ret();
        a.align(8);
        assertEquals("c30f1f40000f1f00", HEX.formatHex(a.assemble()));
    }

    @Test
    void refusesWhatDoesNotExist() {
        refused("takes 3 operands", a -> a.op(VectorOp.VADDPS, zmm(1), zmm(2)));
        refused("registers 0 to 15", a -> a.op(VectorOp.VPXOR, ymm(16), ymm(1), ymm(2)));
        refused("registers 0 to 15", a -> a.op(VectorOp.VPXOR, k(1), ymm(0), ymm(1), ymm(2)));
        refused("registers 0 to 15", a -> a.op(VectorOp.VPXOR, zmm(0), zmm(1), zmm(2)));
        refused("cannot broadcast", a -> a.op(VectorOp.VMOVUPS, zmm(0), at(RAX).toAllLanes()));
        refused("needs an immediate", a -> a.op(VectorOp.VCMPPS, k(1), zmm(1), zmm(2)));
        refused("takes no immediate", a -> a.imm(VectorOp.VADDPS, 1, zmm(1), zmm(1), zmm(2)));
        refused("cannot have memory there", a -> a.op(VectorOp.VADDPS, zmm(1), at(RAX), zmm(2)));
        refused("no vector register 32", a -> a.op(VectorOp.VADDPS, zmm(32), zmm(1), zmm(2)));
        refused("no mask register 8", a -> a.op(VectorOp.VADDPS, k(8), zmm(3), zmm(1), zmm(2)));
        refused("that zeroes", a -> a.op(VectorOp.VADDPS, k(0).zero(), xmm(3), xmm(1), xmm(2)));
        refused("RSP cannot be an index", a -> a.op(VectorOp.VMOVUPS, zmm(3), at(RAX, RSP, 1, 0)));
        refused("scale must be", a -> a.op(VectorOp.VMOVUPS, zmm(3), at(RAX, RAX, 3, 0)));
    }

    private static void refused(String words, Consumer<Assembler> code) {
        String message = assertThrows(IllegalArgumentException.class, () -> code.accept(new Assembler())).getMessage();
        assertTrue(message.contains(words), message);
    }

    @Test
    void labelsHaveOnePlace() {
        Assembler a = new Assembler();
        Label label = new Label();
        a.jump(label);
        assertThrows(IllegalStateException.class, a::assemble);
        a.place(label);
        assertEquals(5, a.assemble().length);
        assertThrows(IllegalStateException.class, () -> a.place(label));
    }
}
