package dev.cathode.kernels.cpu.x86;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.kernels.cpu.x86.MachineCode.Installation;
import dev.cathode.kernels.cpu.x86.Pages.Outcome;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class MachineCodeTest {
    /// `long f(long x) { return 3 * x + 4; }`
    private static byte[] code() {
        Assembler a = new Assembler();
        a.imul(Operand.Gpr.RAX, Operand.Gpr.RDI, 3);
        a.op(Assembler.Arithmetic.ADD, Operand.Gpr.RAX, 4);
        a.ret();
        return a.assemble();
    }

    @Test
    @SuppressWarnings("restricted")
    void runs() throws Throwable {
        try (Arena arena = Arena.ofConfined()) {
            var function = Linker.nativeLinker().downcallHandle(Machine.install(code(), arena).at(0),
                    FunctionDescriptor.of(ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));
            assertEquals(-17, (long) function.invokeExact(-7L));
        }
    }

    @Test
    void isNeverWritableAndExecutable() {
        long address;
        try (Arena arena = Arena.ofConfined()) {
            address = Machine.install(code(), arena).code().address();
            assertEquals("r-xp", access(address).orElseThrow());
        }
        assertFalse(access(address).orElse("").contains("x"), "the arena gives the code back");
    }

    /// The line of the system's table of mappings for an address: what may be done there.
    private static Optional<String> access(long address) {
        try (var lines = Files.lines(Path.of("/proc/self/maps"))) {
            return lines.map(line -> line.split("[- ]", 4)).filter(parts ->
                    Long.parseUnsignedLong(parts[0], 16) <= address && address < Long.parseUnsignedLong(parts[1], 16))
                    .map(parts -> parts[2] + (parts[2].length() < 4 ? "-" + parts[3].split(" ")[0] : "")).findFirst();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /// Pages of a system that refuses executable memory.
    static final class Hardened implements Pages {
        private final Pages real;
        int mapped;

        Hardened(Pages real) {
            this.real = real;
        }

        @Override
        public Outcome map(long bytes) {
            mapped++;
            return real.map(bytes);
        }

        @Override
        public Outcome protect(long address, long bytes, Access access) {
            return new Outcome.Refused("mprotect answers EACCES");
        }

        @Override
        public void unmap(long address, long bytes) {
            mapped--;
            real.unmap(address, bytes);
        }
    }

    @Test
    void refusalIsAReason() {
        Hardened pages = new Hardened(Machine.pages());
        try (Arena arena = Arena.ofConfined()) {
            var refused = assertInstanceOf(Installation.Refused.class, MachineCode.install(code(), pages, arena));
            assertEquals("this system refuses executable memory: mprotect answers EACCES", refused.reason());
            assertEquals(0, pages.mapped, "what was mapped is given back");
        }
    }

    @Test
    void theSystemSaysWhy() {
        Pages pages = Machine.pages();
        var refused = assertInstanceOf(Outcome.Refused.class, pages.map(Long.MAX_VALUE / 2 / 4096 * 4096));
        assertEquals("mmap answers ENOMEM", refused.reason());
        refused = assertInstanceOf(Outcome.Refused.class, pages.protect(4096 + 1, 1, Pages.Access.NONE));
        assertTrue(refused.reason().startsWith("mprotect answers "), refused.reason());
    }
}
