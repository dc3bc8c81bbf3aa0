package dev.cathode.engine.runtime.cuda;

import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.runtime.StoredNumbers;
import dev.cathode.kernels.cpu.CpuKernels;
import dev.cathode.kernels.cpu.OffHeap;
import dev.cathode.kernels.cpu.WeightStorage;
import dev.cathode.kernels.cpu.Workers;
import dev.cathode.weights.DType;
import dev.cathode.weights.FileTensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;

/// Brings a checkpoint's tensors into the form in which a GPU wants them, on all processors: another type, and filters
/// `[O, I, KH, KW]` as `[O, KH, KW, I]`. What is right already is not touched.
final class WeightConversion implements AutoCloseable {
    private static final int[] CHANNELS_LAST = {0, 2, 3, 1};

    private final CpuKernels kernels = CpuKernels.fastest();
    private final Workers workers = new Workers(Runtime.getRuntime().availableProcessors());
    private final Arena arena = Arena.ofShared();
    private final MemorySegment first;
    private final MemorySegment second;

    /// @param largest how many numbers a tensor has at most
    WeightConversion(long largest) {
        first = OffHeap.allocate(largest * Float.BYTES, arena);
        second = OffHeap.allocate(largest * Float.BYTES, arena);
    }

    /// Converts a tensor.
    ///
    /// @param shape of the parameter, a filter's as `[O, KH, KW, I]`
    /// @param to float32 or a 16-bit type
    /// @param use is given the numbers, which are valid for the call only
    void convert(FileTensor tensor, Shape shape, DType to, Consumer<MemorySegment> use) {
        StoredNumbers source = StoredNumbers.of(tensor);
        long count = shape.count();
        MemorySegment numbers = source.data();
        boolean permuted = shape.rank() == 4 && shape.dim(1) * shape.dim(2) > 1 && shape.last() > 1;
        boolean wide = source.storage() == WeightStorage.F32;
        if (!permuted && source.storage() == storage(to)) {
            use.accept(numbers);
            return;
        }
        if (!wide) {
            kernels.elementwise().widen(source.storage(), numbers.address(), first.address(), count, workers);
            numbers = first;
        }
        if (permuted) {
            int[] file = {shape.dim(0), shape.last(), shape.dim(1), shape.dim(2)};
            kernels.rearrangement().permute(numbers.address(), file, CHANNELS_LAST, second.address(), workers);
            numbers = second;
        }
        if (to != DType.F32) {
            MemorySegment narrow = numbers.equals(first) ? second : first;
            kernels.elementwise().narrow(storage(to), numbers.address(), narrow.address(), count, workers);
            numbers = narrow;
        }
        use.accept(numbers.asSlice(0, count * to.bytes()));
        java.lang.ref.Reference.reachabilityFence(source);
    }

    private static WeightStorage storage(DType type) {
        return switch (type) {
            case BF16 -> WeightStorage.BF16;
            case F16 -> WeightStorage.F16;
            default -> WeightStorage.F32;
        };
    }

    @Override
    public void close() {
        workers.close();
        arena.close();
    }
}
