package dev.cathode.engine.runtime;

import dev.cathode.kernels.cpu.WeightStorage;
import dev.cathode.weights.CheckpointException;
import dev.cathode.weights.DType;
import dev.cathode.weights.FileTensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// A tensor's numbers where they lie: in the mapped file, or copied because the file has them in a form that kernels do
/// not read. A copy lives as long as this.
///
/// @param data aligned to one number
/// @param storage a type that kernels read
public record StoredNumbers(MemorySegment data, WeightStorage storage) {
    /// The numbers of a tensor.
    ///
    /// @throws CheckpointException if they are no floating-point numbers
    public static StoredNumbers of(FileTensor tensor) {
        WeightStorage storage = switch (tensor.dtype()) {
            case F32, F64 -> WeightStorage.F32;
            case F16 -> WeightStorage.F16;
            case BF16 -> WeightStorage.BF16;
            default -> throw new CheckpointException("tensor " + tensor.name() + " is " + tensor.dtype()
                    + "; weights must be floating-point numbers");
        };
        MemorySegment data = tensor.data();
        if (tensor.dtype() == DType.F64) {
            MemorySegment narrow = Arena.ofAuto().allocate(tensor.count() * Float.BYTES, 64);
            for (long i = 0; i < tensor.count(); i++) {
                narrow.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) data.get(ValueLayout.JAVA_DOUBLE_UNALIGNED, i * 8));
            }
            data = narrow;
        } else if (!data.isNative() || data.address() % storage.bytes() != 0) {
            data = Arena.ofAuto().allocate(data.byteSize(), 64).copyFrom(data);
        }
        return new StoredNumbers(data, storage);
    }
}
