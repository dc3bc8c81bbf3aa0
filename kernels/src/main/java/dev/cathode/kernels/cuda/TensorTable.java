package dev.cathode.kernels.cuda;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// The tensors that one launch of an optimizer changes, as the kernels read them: first one entry for each tensor, then
/// one for each chunk of a tensor, which is what a block works on. The bytes have to be put into the device's memory
/// once.
public final class TensorTable {
    /// Numbers of a chunk; the same in `optimizer.cu`.
    private static final int CHUNK = 16384;
    private static final int ENTRY = 64;

    private final List<Tensor> tensors;
    private final int chunks;

    /// One tensor; addresses of the device, 0 for what there is not.
    ///
    /// @param parameter float32
    /// @param gradient of `gradientElement`
    /// @param first moment, or SGD's momentum buffer; float32
    /// @param second moment; float32
    /// @param copy of the parameter in `copyElement`, written by each step, or 0
    /// @param average of the parameter over the steps, float32, or 0
    /// @param count numbers
    /// @param gradientElement type of the gradient
    /// @param copyElement type of the copy
    public record Tensor(long parameter, long gradient, long first, long second, long copy, long average, long count,
                         Element gradientElement, Element copyElement) {
        /// A gradient only, for its norm.
        public static Tensor gradient(long gradient, long count, Element element) {
            return new Tensor(0, gradient, 0, 0, 0, 0, count, element, Element.FLOAT32);
        }
    }

    /// A table of these tensors.
    public TensorTable(List<Tensor> tensors) {
        this.tensors = List.copyOf(tensors);
        chunks = Math.toIntExact(tensors.stream().mapToLong(TensorTable::chunks).sum());
    }

    private static long chunks(Tensor tensor) {
        return Math.ceilDiv(tensor.count, CHUNK);
    }

    /// All chunks: blocks of a launch.
    public int chunks() {
        return chunks;
    }

    /// Bytes of the table.
    public long bytes() {
        return (long) ENTRY * tensors.size() + 8L * chunks;
    }

    /// Where the chunks' entries are, in bytes from the table's start.
    long chunkOffset() {
        return (long) ENTRY * tensors.size();
    }

    /// The table, to be copied to the device.
    public MemorySegment content(Arena arena) {
        MemorySegment table = arena.allocate(Math.max(1, bytes()), 8);
        long at = 0;
        for (Tensor t : tensors) {
            for (long word : new long[] {t.parameter, t.gradient, t.first, t.second, t.copy, t.average, t.count}) {
                table.set(JAVA_LONG_UNALIGNED, at, word);
                at += 8;
            }
            table.set(JAVA_INT_UNALIGNED, at, t.gradientElement.ordinal());
            table.set(JAVA_INT_UNALIGNED, at + 4, t.copyElement.ordinal());
            at += 8;
        }
        for (int tensor = 0; tensor < tensors.size(); tensor++) {
            for (int chunk = 0; chunk < chunks(tensors.get(tensor)); chunk++) {
                table.set(JAVA_INT_UNALIGNED, at, tensor);
                table.set(JAVA_INT_UNALIGNED, at + 4, chunk);
                at += 8;
            }
        }
        return table;
    }
}
