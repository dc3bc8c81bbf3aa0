package dev.cathode.engine.runtime.cuda;

import dev.cathode.kernels.cuda.CudaMachine;
import java.util.ArrayList;
import java.util.List;

/// Memory that is taken piece by piece and given back all at once: a GPU's own pieces are large.
final class Slabs implements AutoCloseable {
    private static final long SLAB = 32L << 20;

    private final CudaMachine machine;
    private final List<Long> slabs = new ArrayList<>();
    private long next;
    private long end;
    private long bytes;

    Slabs(CudaMachine machine) {
        this.machine = machine;
    }

    /// So many bytes, aligned to 256.
    long allocate(long size) {
        long needed = Scratch.align(size);
        if (needed > end - next) {
            reserve(Math.max(needed, Math.min(SLAB, Math.max(bytes, 1 << 16))));
        }
        long address = next;
        next += needed;
        bytes += needed;
        return address;
    }

    /// Takes memory for pieces of so many bytes together, so that they are one piece.
    void reserve(long size) {
        if (size > end - next) {
            next = machine.allocate(size);
            slabs.add(next);
            end = next + size;
        }
    }

    /// Bytes of all pieces.
    long bytes() {
        return bytes;
    }

    @Override
    public void close() {
        slabs.forEach(machine::free);
        slabs.clear();
    }
}
