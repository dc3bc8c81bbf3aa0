package dev.cathode.kernels.cuda;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import dev.cathode.kernels.cuda.library.CudaException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.TreeMap;

/// A machine, such as a GPU, as a device for tests of single kernels. What is written beside a buffer is noticed when
/// the buffers are forgotten.
final class GpuDevice extends TestDevice {
    private static final int GUARD = 256;
    private static final byte NAN = (byte) 0xff;

    private final CudaMachine machine;
    private final long bytes;
    private final long base;
    private final Map<Long, Long> buffers = new TreeMap<>(); // address: bytes
    private long end = GUARD;
    private boolean failed;

    /// A device on a machine, which it closes with itself.
    ///
    /// @param bytes of memory for all buffers
    GpuDevice(CudaMachine machine, long bytes) {
        this.machine = machine;
        this.bytes = bytes;
        base = machine.allocate(bytes);
    }

    @Override
    void seed(long seed) { } // the GPU draws its own

    @Override
    boolean hasFailed() {
        return failed;
    }

    @Override
    void reset() {
        buffers.forEach((address, size) -> {
            checkGuard(address - GUARD, address, size);
            checkGuard(address + size, address, size);
        });
        buffers.clear();
        end = GUARD;
    }

    private void checkGuard(long from, long address, long size) {
        byte[] guard = bytes(from, GUARD);
        for (int i = 0; i < GUARD; i++) {
            if (guard[i] != NAN) {
                throw new IllegalStateException("something was written %d bytes after the start of a buffer of %d"
                        .formatted(from + i - address, size));
            }
        }
    }

    @Override
    long allocate(long size, int skew) {
        long start = (end + GUARD + 255) / 256 * 256 + skew;
        if (start + size + GUARD > bytes) {
            throw new IllegalStateException("the test needs more memory than " + bytes);
        }
        end = start + size + GUARD;
        try (Arena arena = Arena.ofConfined()) {
            write(base + start - GUARD, arena.allocate(size + 2 * GUARD).fill(NAN));
        }
        buffers.put(base + start, size);
        return base + start;
    }

    @Override
    MemorySegment read(long address, long count) {
        MemorySegment content = MemorySegment.ofArray(new byte[Math.toIntExact(count)]);
        guarded(() -> {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment copy = arena.allocate(Math.max(1, count)).asSlice(0, count);
                machine.download(address, copy);
                MemorySegment.copy(copy, JAVA_BYTE, 0, content, JAVA_BYTE, 0, count);
            }
        });
        return content;
    }

    @Override
    void write(long address, MemorySegment content) {
        guarded(() -> {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment copy = arena.allocate(Math.max(1, content.byteSize())).asSlice(0, content.byteSize());
                machine.upload(copy.copyFrom(content), address);
            }
        });
    }

    @Override
    public Limits limits() {
        return machine.launcher().limits();
    }

    @Override
    public void launch(Kernel kernel, Geometry geometry, KernelArguments arguments) {
        guarded(() -> machine.launcher().launch(kernel, geometry, arguments));
    }

    /// After an error of the GPU nothing works any more.
    private void guarded(Runnable work) {
        try {
            work.run();
        } catch (CudaException e) {
            failed = true;
            throw e;
        }
    }

    @Override
    public void close() {
        machine.close();
    }
}
