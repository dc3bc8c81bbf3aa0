package dev.cathode.weights.file;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/// Gives resident pages of a mapping back to the system (Linux; elsewhere nothing happens).
final class Pages {
    private static final int MADV_DONTNEED = 4;
    private static final Optional<Native> NATIVE = load();

    private record Native(MethodHandle madvise, long pageSize) {
    }

    private Pages() {
    }

    /// Drops the whole pages inside a part of a read-only file mapping; reading them again reads the file.
    static void release(MemorySegment part) {
        if (NATIVE.isEmpty()) {
            return;
        }
        long page = NATIVE.get().pageSize;
        long begin = Math.ceilDiv(part.address(), page) * page;
        long end = (part.address() + part.byteSize()) / page * page;
        if (end > begin) {
            try {
                // The result does not matter: this is advice.
                int ignored = (int) NATIVE.get().madvise.invokeExact(MemorySegment.ofAddress(begin), end - begin,
                        MADV_DONTNEED);
            } catch (Throwable e) {
                throw new AssertionError(e);
            }
        }
    }

    @SuppressWarnings("restricted")
    private static Optional<Native> load() {
        if (!System.getProperty("os.name").equals("Linux")) {
            return Optional.empty();
        }
        try {
            Linker linker = Linker.nativeLinker();
            MethodHandle madvise = linker.downcallHandle(linker.defaultLookup().findOrThrow("madvise"),
                    FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG,
                            ValueLayout.JAVA_INT));
            MethodHandle pageSize = linker.downcallHandle(linker.defaultLookup().findOrThrow("getpagesize"),
                    FunctionDescriptor.of(ValueLayout.JAVA_INT));
            return Optional.of(new Native(madvise, (int) pageSize.invokeExact()));
        } catch (Throwable e) {
            // Native access refused, or no such function: pages then stay until the system wants them.
            return Optional.empty();
        }
    }
}
