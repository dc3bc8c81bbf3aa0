package dev.cathode.kernels.cuda;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import dev.cathode.kernels.cuda.library.CudaException;
import java.util.Map;
import java.util.TreeMap;

/// Who has which memory of a [ShimProcess]. Buffers start as NaN and have guards on both sides, which must still be as
/// they were when the buffer is given back.
final class ShimHeap {
    private static final int ALIGNMENT = 256;
    private static final byte NAN = (byte) 0xff;

    private final ShimProcess process;
    private final TreeMap<Long, Long> buffers = new TreeMap<>(); // address: bytes
    private final TreeMap<Long, Long> holes = new TreeMap<>(); // address: bytes, whole multiples of ALIGNMENT
    private long total;
    private long used;

    ShimHeap(ShimProcess process) {
        this.process = process;
        process.at(process.base(), ALIGNMENT).fill(NAN);
        holes.put(process.base() + ALIGNMENT, process.bytes() / ALIGNMENT * ALIGNMENT - ALIGNMENT);
        total = process.bytes();
    }

    /// Pretends that there is so much memory.
    void setTotal(long bytes) {
        if (bytes > process.bytes()) {
            throw new IllegalArgumentException("the process has " + process.bytes() + " bytes, not " + bytes);
        }
        total = bytes;
    }

    long available() {
        return Math.max(0, total - used);
    }

    long allocate(long bytes) {
        long whole = (Math.max(1, bytes) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        if (whole > available()) {
            throw none(bytes);
        }
        long block = whole + ALIGNMENT;
        for (Map.Entry<Long, Long> hole : holes.entrySet()) {
            if (hole.getValue() >= block) {
                long address = hole.getKey();
                holes.remove(address);
                if (hole.getValue() > block) {
                    holes.put(address + block, hole.getValue() - block);
                }
                process.at(address, block).fill(NAN);
                process.allow(address, bytes);
                buffers.put(address, bytes);
                used += whole;
                return address;
            }
        }
        throw none(bytes);
    }

    private CudaException none(long bytes) {
        return new CudaException("cuMemAlloc_v2(" + bytes + " bytes)", "out of memory, " + available() + " are free", 2);
    }

    void free(long address) {
        Long bytes = buffers.remove(address);
        if (bytes == null) {
            throw new IllegalArgumentException("nothing was allocated at " + Long.toHexString(address));
        }
        checkGuards(address, bytes);
        process.forbid(address, bytes);
        long whole = (Math.max(1, bytes) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        process.at(address, whole).fill(NAN);
        used -= whole;
        long size = whole + ALIGNMENT;
        Long after = holes.remove(address + size);
        size += after == null ? 0 : after;
        Map.Entry<Long, Long> before = holes.lowerEntry(address);
        if (before != null && before.getKey() + before.getValue() == address) {
            holes.put(before.getKey(), before.getValue() + size);
        } else {
            holes.put(address, size);
        }
    }

    /// Checks that nobody wrote beside a buffer.
    void checkGuards() {
        buffers.forEach(this::checkGuards);
    }

    private void checkGuards(long address, long bytes) {
        long whole = (Math.max(1, bytes) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        checkGuard(address - ALIGNMENT, ALIGNMENT, address, bytes);
        checkGuard(address + bytes, whole - bytes + ALIGNMENT, address, bytes);
    }

    private void checkGuard(long from, long count, long address, long bytes) {
        var guard = process.at(from, count);
        for (long i = 0; i < count; i++) {
            if (guard.get(JAVA_BYTE, i) != NAN) {
                throw new IllegalStateException("something was written %d bytes after the start of a buffer of %d"
                        .formatted(from + i - address, bytes));
            }
        }
    }

    /// Checks that memory lies in one buffer.
    ///
    /// @param what it is, for the message
    void check(long address, long bytes, String what) {
        Map.Entry<Long, Long> buffer = buffers.floorEntry(address);
        if (buffer == null || address + bytes > buffer.getKey() + buffer.getValue()) {
            throw new IllegalArgumentException("%s, %d bytes at %x, %s".formatted(what, bytes, address, buffer == null
                    ? "is in no buffer" : "is not within the %d bytes at %x".formatted(buffer.getValue(),
                    buffer.getKey())));
        }
    }

    /// How many buffers there are.
    int buffers() {
        return buffers.size();
    }
}
