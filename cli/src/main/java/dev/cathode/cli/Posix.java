package dev.cathode.cli;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.List;

/// The few C functions of POSIX systems that Java has no methods for. Each answers as in C: -1 is failure.
@SuppressWarnings("restricted")
final class Posix {
    /// The file descriptor of the error stream.
    static final int STDERR = 2;

    private Posix() { }

    /// Whether this is a system that has them.
    static boolean present() {
        return !System.getProperty("os.name").startsWith("Windows");
    }

    /// Puts another program into this process. Returns only if that fails.
    ///
    /// @param program the file to run
    /// @param arguments its arguments, the program's name first, as the bytes that the system passes on
    static int execv(String program, List<byte[]> arguments) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment argv = arena.allocate(ADDRESS, arguments.size() + 1L); // ends with a null pointer
            for (int i = 0; i < arguments.size(); i++) {
                byte[] argument = arguments.get(i);
                MemorySegment text = arena.allocate(argument.length + 1L); // ends with a zero
                MemorySegment.copy(argument, 0, text, JAVA_BYTE, 0, argument.length);
                argv.setAtIndex(ADDRESS, i, text);
            }
            return (int) function("execv", ADDRESS, ADDRESS).invokeExact(arena.allocateFrom(program), argv);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    /// Makes `target` a second number for an open file, closing what it was.
    static int dup2(int file, int target) {
        try {
            return (int) function("dup2", JAVA_INT, JAVA_INT).invokeExact(file, target);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    /// Whether a file is a terminal.
    static boolean isatty(int file) {
        try {
            return (int) function("isatty", JAVA_INT).invokeExact(file) == 1;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    private static MethodHandle function(String name, MemoryLayout... parameters) {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(linker.defaultLookup().findOrThrow(name),
                FunctionDescriptor.of(JAVA_INT, parameters));
    }
}
