package dev.cathode.weights;

import java.lang.foreign.MemorySegment;
import java.util.List;

/// A tensor of a checkpoint: contiguous, row-major, little-endian. `data` usually lies in the mapped file: reading it
/// is what reads the file.
///
/// @param name the full parameter name
/// @param dtype the type of the elements
/// @param shape the size of each axis; empty for a scalar
/// @param data the bytes, alive as long as the [Checkpoint] it came from is open
public record FileTensor(String name, DType dtype, List<Long> shape, MemorySegment data) {
    /// Number of elements.
    public long count() {
        return shape.stream().reduce(1L, Math::multiplyExact);
    }
}
