package dev.cathode.bench.gpu;

import dev.cathode.kernels.cuda.CudaMachine;
import dev.cathode.kernels.cuda.Element;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/// Buffers of random numbers on a machine: products of zeros are faster than those of other numbers. All are freed
/// together.
final class Memory implements AutoCloseable {
    private static final int PIECE = 1 << 20;

    private final CudaMachine machine;
    private final Arena arena = Arena.ofConfined();
    private final List<Long> buffers = new ArrayList<>();
    private final MemorySegment[] pieces = new MemorySegment[Element.values().length];

    Memory(CudaMachine machine) {
        this.machine = machine;
    }

    /// Uniform numbers of a type, from -1 to 1.
    long random(Element element, long count) {
        long address = space(count * element.bytes());
        MemorySegment piece = piece(element);
        for (long at = 0; at < count * element.bytes(); at += piece.byteSize()) {
            machine.upload(piece.asSlice(0, Math.min(piece.byteSize(), count * element.bytes() - at)), address + at);
        }
        return address;
    }

    private MemorySegment piece(Element element) {
        MemorySegment piece = pieces[element.ordinal()];
        if (piece == null) {
            piece = arena.allocate((long) PIECE * element.bytes(), 64);
            SplittableRandom random = new SplittableRandom(element.ordinal());
            for (int i = 0; i < PIECE; i++) {
                float x = (float) random.nextDouble(-1, 1);
                switch (element) {
                    case FLOAT32 -> piece.setAtIndex(ValueLayout.JAVA_FLOAT, i, x);
                    case BFLOAT16 -> piece.setAtIndex(ValueLayout.JAVA_SHORT, i,
                            (short) (Float.floatToRawIntBits(x) >>> 16));
                    case FLOAT16 -> piece.setAtIndex(ValueLayout.JAVA_SHORT, i, Float.floatToFloat16(x));
                }
            }
            pieces[element.ordinal()] = piece;
        }
        return piece;
    }

    /// What is in a piece of this process's memory.
    long copyOf(MemorySegment content) {
        long address = space(content.byteSize());
        machine.upload(content, address);
        return address;
    }

    /// Memory with nothing in it.
    long space(long bytes) {
        long address = machine.allocate(Math.max(1, bytes));
        buffers.add(address);
        return address;
    }

    @Override
    public void close() {
        machine.synchronize();
        buffers.forEach(machine::free);
        buffers.clear();
        arena.close();
    }
}
