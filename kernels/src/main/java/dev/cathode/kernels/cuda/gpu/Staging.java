package dev.cathode.kernels.cuda.gpu;

import dev.cathode.kernels.cuda.driver.CudaContext;
import dev.cathode.kernels.cuda.driver.CudaEvent;
import dev.cathode.kernels.cuda.driver.CudaStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// Copies between any memory of this process and the GPU, by way of page-locked memory: while the GPU fetches one part,
/// the next one is copied, or read from the file that is mapped.
final class Staging implements AutoCloseable {
    private static final int SLOTS = 8;
    private static final int ALIGNMENT = 64;

    private final CudaContext context;
    private final CudaStream stream;
    private final long slotBytes;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment[] slots = new MemorySegment[SLOTS];
    private final CudaEvent[] left = new CudaEvent[SLOTS];
    private int slot;
    private long used;

    /// @param slotBytes of one part; there are 8
    Staging(CudaContext context, CudaStream stream, long slotBytes) {
        this.context = context;
        this.stream = stream;
        this.slotBytes = slotBytes;
    }

    /// Queues a copy to the GPU; `source` is not needed any more afterwards. Several small ones share a slot, so that
    /// the next one does not wait for what was queued before.
    void upload(MemorySegment source, long destination) {
        for (long done = 0; done < source.byteSize();) {
            if (used == slotBytes) {
                turn();
            }
            long count = Math.min(slotBytes - used, source.byteSize() - done);
            MemorySegment part = slot().asSlice(used, count);
            part.copyFrom(source.asSlice(done, count));
            stream.upload(part, destination + done);
            done += count;
            used = Math.min(slotBytes, (used + count + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
        }
    }

    /// Copies from the GPU and waits for it; while one part arrives, the one before is copied.
    void download(long source, MemorySegment destination) {
        MemorySegment before = null;
        CudaEvent arrived = null;
        for (long done = 0; done < destination.byteSize(); done += slotBytes) {
            if (used > 0) {
                turn();
            }
            MemorySegment part = slot().asSlice(0, Math.min(slotBytes, destination.byteSize() - done));
            stream.download(source + done, part);
            used = part.byteSize();
            turn();
            if (before != null) {
                arrived.synchronize();
                destination.asSlice(done - slotBytes, slotBytes).copyFrom(before);
            }
            before = part;
            arrived = left[(slot + SLOTS - 1) % SLOTS];
        }
        if (before != null) {
            arrived.synchronize();
            destination.asSlice(destination.byteSize() - before.byteSize()).copyFrom(before);
        }
    }

    private MemorySegment slot() {
        if (slots[slot] == null) {
            slots[slot] = context.pinned(slotBytes, arena);
        }
        return slots[slot];
    }

    /// Goes on to the next slot, once the GPU is done with what it holds from before.
    private void turn() {
        if (left[slot] == null) {
            left[slot] = context.event(false);
        }
        stream.record(left[slot]);
        slot = (slot + 1) % SLOTS;
        used = 0;
        if (left[slot] != null) {
            left[slot].synchronize();
        }
    }

    @Override
    public void close() {
        for (CudaEvent event : left) {
            if (event != null) {
                event.close();
            }
        }
        arena.close();
    }
}
