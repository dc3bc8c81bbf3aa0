package dev.cathode.kernels.cpu.x86;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.cathode.kernels.cpu.x86.Pages.Access;
import dev.cathode.kernels.cpu.x86.Pages.Outcome;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/// Buffers that end where memory ends: behind the last byte lies a page that may not be touched, so that whoever reads
/// or writes one float too many crashes.
final class GuardPages implements AutoCloseable {
    private record Mapping(long address, long bytes) { }

    private final Pages pages = Pages.system().orElseThrow();
    private final List<Mapping> mappings = new ArrayList<>();

    /// A buffer of zeros; its address is a multiple of 64 if its size is.
    @SuppressWarnings("restricted")
    MemorySegment buffer(long bytes) {
        long inside = (bytes + Pages.SIZE - 1) / Pages.SIZE * Pages.SIZE;
        long address = done(pages.map(inside + Pages.SIZE));
        mappings.add(new Mapping(address, inside + Pages.SIZE));
        done(pages.protect(address + inside, Pages.SIZE, Access.NONE));
        return MemorySegment.ofAddress(address + inside - bytes).reinterpret(bytes);
    }

    /// A buffer whose address is a multiple of 64: up to 63 bytes lie between its end and the guard.
    MemorySegment aligned(long bytes) {
        return buffer((bytes + 63) / 64 * 64).asSlice(0, bytes);
    }

    MemorySegment of(float... numbers) {
        MemorySegment buffer = buffer(4L * numbers.length);
        MemorySegment.copy(numbers, 0, buffer, JAVA_FLOAT, 0, numbers.length);
        return buffer;
    }

    MemorySegment of(short... numbers) {
        MemorySegment buffer = buffer(2L * numbers.length);
        MemorySegment.copy(numbers, 0, buffer, JAVA_SHORT, 0, numbers.length);
        return buffer;
    }

    MemorySegment of(long... numbers) {
        MemorySegment buffer = buffer(8L * numbers.length);
        MemorySegment.copy(numbers, 0, buffer, JAVA_LONG, 0, numbers.length);
        return buffer;
    }

    private static long done(Outcome outcome) {
        return switch (outcome) {
            case Outcome.Done(long address) -> address;
            case Outcome.Refused(String reason) -> throw new IllegalStateException(reason);
        };
    }

    @Override
    public void close() {
        mappings.forEach(m -> pages.unmap(m.address, m.bytes));
    }
}
