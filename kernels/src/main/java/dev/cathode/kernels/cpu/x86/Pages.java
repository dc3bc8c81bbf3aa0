package dev.cathode.kernels.cpu.x86;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.util.Optional;

/// The system's pages: fresh memory, what may be done with it, giving it back.
///
/// Calls answer what the system refused as a sentence, because refusing is what hardened systems (SELinux's `execmem`,
/// seccomp, some containers) are expected to do.
interface Pages {
    /// Bytes are mapped in multiples of this. Every x86-64 system has it.
    long SIZE = 4096;

    /// What may be done with a page: nothing, reading and writing, reading and running. Never writing and running.
    enum Access {
        NONE(0), READ_WRITE(1 | 2), READ_EXECUTE(1 | 4);

        private final int flags;

        Access(int flags) {
            this.flags = flags;
        }
    }

    /// What came of a call: an address, or why there is none.
    sealed interface Outcome {
        /// It worked.
        record Done(long address) implements Outcome { }

        /// The system refused.
        record Refused(String reason) implements Outcome { }
    }

    /// Maps zeroed memory for reading and writing.
    Outcome map(long bytes);

    /// Changes what may be done with mapped pages.
    Outcome protect(long address, long bytes, Access access);

    /// Gives pages back.
    void unmap(long address, long bytes);

    /// The pages of this system, or nothing where their calls are not known (anything but Linux).
    static Optional<Pages> system() {
        return System.getProperty("os.name").equals("Linux") ? Optional.of(new Linux()) : Optional.empty();
    }

    /// Linux's calls; their flags are the kernel's, the same for x86-64 and aarch64.
    final class Linux implements Pages {
        private static final StructLayout STATE = Linker.Option.captureStateLayout();
        private static final VarHandle ERRNO =
                STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));
        private static final MethodHandle MMAP = call("mmap", FunctionDescriptor.of(ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT,
                ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG));
        private static final MethodHandle MPROTECT = call("mprotect", FunctionDescriptor.of(ValueLayout.JAVA_INT,
                ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT));
        private static final MethodHandle MUNMAP = call("munmap", FunctionDescriptor.of(ValueLayout.JAVA_INT,
                ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));
        private static final int PRIVATE_ANONYMOUS = 0x22;

        private Linux() { }

        @Override
        public Outcome map(long bytes) {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment state = arena.allocate(STATE);
                long address = (long) MMAP.invokeExact(state, 0L, bytes, Access.READ_WRITE.flags, PRIVATE_ANONYMOUS, -1,
                        0L);
                return address == -1 ? refused("mmap", state) : new Outcome.Done(address);
            } catch (Throwable e) {
                throw new IllegalStateException(e);
            }
        }

        @Override
        public Outcome protect(long address, long bytes, Access access) {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment state = arena.allocate(STATE);
                int result = (int) MPROTECT.invokeExact(state, address, bytes, access.flags);
                return result != 0 ? refused("mprotect", state) : new Outcome.Done(address);
            } catch (Throwable e) {
                throw new IllegalStateException(e);
            }
        }

        @Override
        public void unmap(long address, long bytes) {
            try (Arena arena = Arena.ofConfined()) {
                int ignored = (int) MUNMAP.invokeExact(arena.allocate(STATE), address, bytes);
            } catch (Throwable e) {
                throw new IllegalStateException(e);
            }
        }

        private static Outcome refused(String call, MemorySegment state) {
            int errno = (int) ERRNO.get(state, 0L);
            String name = switch (errno) {
                case 1 -> "EPERM";
                case 12 -> "ENOMEM";
                case 13 -> "EACCES";
                case 22 -> "EINVAL";
                default -> "errno " + errno;
            };
            return new Outcome.Refused(call + " answers " + name);
        }

        @SuppressWarnings("restricted")
        private static MethodHandle call(String name, FunctionDescriptor type) {
            Linker linker = Linker.nativeLinker();
            return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), type,
                    Linker.Option.captureCallState("errno"));
        }
    }
}
