package dev.cathode.kernels.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/// Memory outside the Java heap, on huge pages where the system has them.
///
/// First touch of a 4 KiB page costs a page fault, which limits fresh memory to about 3 GB/s; on 2 MiB pages it is
/// six times as fast, and the GEMMs miss the TLB less.
public final class OffHeap {
    /// All memory as one segment: `ALL.get(JAVA_FLOAT, address)` reads at a raw address.
    @SuppressWarnings("restricted")
    public static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

    private static final long HUGE_PAGE = 2L << 20;
    private static final int MADV_HUGEPAGE = 14;
    private static final MethodHandle MMAP = libc("mmap", FunctionDescriptor.of(ValueLayout.JAVA_LONG,
            ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT,
            ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG));
    private static final MethodHandle MUNMAP = libc("munmap", FunctionDescriptor.of(ValueLayout.JAVA_INT,
            ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));
    private static final MethodHandle MADVISE = libc("madvise", FunctionDescriptor.of(ValueLayout.JAVA_INT,
            ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT));

    private OffHeap() { }

    /// `bytes` bytes of zeros that belong to `arena`, aligned to at least 64 bytes (2 MiB for large blocks on Linux).
    ///
    /// @throws OutOfMemoryError if the system refuses
    public static MemorySegment allocate(long bytes, Arena arena) {
        if (bytes < HUGE_PAGE || MMAP == null) {
            return arena.allocate(Math.max(bytes, 64), 64);
        }
        return map(bytes, arena);
    }

    @SuppressWarnings("restricted")
    private static MemorySegment map(long bytes, Arena arena) {
        try {
            long length = (bytes + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE + HUGE_PAGE;
            long address = (long) MMAP.invokeExact(0L, length, 3 /* read, write */, 0x22 /* private, anonymous */, -1, 0L);
            if (address == -1) {
                throw new OutOfMemoryError("the system refused " + bytes + " bytes of memory");
            }
            long start = (address + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
            int ignored = (int) MADVISE.invokeExact(start, length - HUGE_PAGE, MADV_HUGEPAGE); // a hint: may fail
            return MemorySegment.ofAddress(start).reinterpret(bytes, arena, unused -> unmap(address, length));
        } catch (OutOfMemoryError e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    private static void unmap(long address, long length) {
        try {
            int ignored = (int) MUNMAP.invokeExact(address, length);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    /// The C function, or null where the flag values used here do not hold (only Linux's are known).
    @SuppressWarnings("restricted")
    private static MethodHandle libc(String name, FunctionDescriptor type) {
        if (!System.getProperty("os.name").equals("Linux")) {
            return null;
        }
        Linker linker = Linker.nativeLinker();
        return linker.defaultLookup().find(name).map(f -> linker.downcallHandle(f, type)).orElse(null);
    }
}
