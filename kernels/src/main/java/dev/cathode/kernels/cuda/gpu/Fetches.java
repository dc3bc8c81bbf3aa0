package dev.cathode.kernels.cuda.gpu;

import dev.cathode.kernels.cuda.driver.CudaContext;
import dev.cathode.kernels.cuda.driver.CudaEvent;
import dev.cathode.kernels.cuda.driver.CudaStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Supplier;

/// Copies of a few numbers from the GPU that are waited for later, while the GPU goes on with other work.
final class Fetches implements AutoCloseable {
    private static final int SMALLEST = 64;

    private final CudaContext context;
    private final CudaStream stream;
    private final Arena arena = Arena.ofShared();
    private final List<Slot> all = new ArrayList<>();
    private final Deque<Slot> idle = new ArrayDeque<>();

    /// Where a copy arrives, and the point in the stream at which it has.
    private record Slot(MemorySegment memory, CudaEvent arrived) { }

    Fetches(CudaContext context, CudaStream stream) {
        this.context = context;
        this.stream = stream;
    }

    /// Queues a copy.
    ///
    /// @return waits for it; a slot is used again after that
    Supplier<float[]> fetch(long source, int count) {
        long bytes = (long) count * Float.BYTES;
        Slot slot = slot(bytes);
        stream.download(source, slot.memory.asSlice(0, bytes));
        stream.record(slot.arrived);
        return () -> {
            slot.arrived.synchronize();
            float[] numbers = slot.memory.asSlice(0, bytes).toArray(ValueLayout.JAVA_FLOAT);
            idle.add(slot);
            return numbers;
        };
    }

    private Slot slot(long bytes) {
        for (Slot slot : idle) {
            if (slot.memory.byteSize() >= bytes) {
                idle.remove(slot);
                return slot;
            }
        }
        Slot slot = new Slot(context.pinned(Math.max(SMALLEST, bytes), arena), context.event(false));
        all.add(slot);
        return slot;
    }

    @Override
    public void close() {
        all.forEach(slot -> slot.arrived.close());
        arena.close();
    }
}
