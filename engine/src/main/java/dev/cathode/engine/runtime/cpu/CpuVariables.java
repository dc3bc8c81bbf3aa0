package dev.cathode.engine.runtime.cpu;

import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.runtime.InsufficientMemoryException;
import dev.cathode.engine.runtime.SystemMemory;
import dev.cathode.engine.runtime.Variables;
import dev.cathode.kernels.cpu.OffHeap;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/// Variables in memory outside the heap; the kernels work on them where they lie.
final class CpuVariables implements Variables {
    private static final long SLAB = 64L << 20;

    private final Arena arena = Arena.ofShared();
    private final Map<String, Shape> shapes = new LinkedHashMap<>();
    private final Map<String, MemorySegment> memory = new HashMap<>();
    private MemorySegment slab = MemorySegment.NULL;
    private long slabUsed;
    private long bytes;

    @Override
    public void require(long needed) {
        long available = SystemMemory.available();
        if (needed > available) {
            throw new InsufficientMemoryException(needed, available);
        }
    }

    @Override
    public void define(String name, Shape shape) {
        if (shapes.putIfAbsent(name, shape) != null) {
            throw new IllegalArgumentException("variable " + name + " exists already");
        }
        memory.put(name, allocate(shape.count() * Float.BYTES));
    }

    private MemorySegment allocate(long size) {
        long needed = (size + 63) / 64 * 64;
        if (slabUsed + needed > slab.byteSize()) {
            slab = OffHeap.allocate(Math.max(needed, Math.min(SLAB, Math.max(bytes, 1 << 16))), arena);
            slabUsed = 0;
        }
        MemorySegment part = slab.asSlice(slabUsed, size);
        slabUsed += needed;
        bytes += needed;
        return part;
    }

    @Override
    public Map<String, Shape> shapes() {
        return Collections.unmodifiableMap(shapes);
    }

    @Override
    public void write(String name, MemorySegment numbers) {
        MemorySegment target = segment(name);
        if (numbers.byteSize() != target.byteSize()) {
            throw new IllegalArgumentException("variable " + name + " " + shapes.get(name) + " does not have "
                    + numbers.byteSize() + " bytes");
        }
        target.copyFrom(numbers);
    }

    @Override
    public void read(String name, MemorySegment destination) {
        destination.copyFrom(segment(name));
    }

    private MemorySegment segment(String name) {
        MemorySegment segment = memory.get(name);
        if (segment == null) {
            throw new IllegalArgumentException("there is no variable " + name);
        }
        return segment;
    }

    boolean contains(String name) {
        return memory.containsKey(name);
    }

    /// The first byte of a variable.
    long address(String name) {
        return segment(name).address();
    }

    @Override
    public long bytes() {
        return bytes;
    }

    @Override
    public void close() {
        arena.close();
    }
}
