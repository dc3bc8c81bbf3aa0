/// The CPU kernels on the Vector API: portable to every processor with vectors, and the oracle for faster ones.
///
/// `Simd` chooses the vector width, `CompilerDirectives` the compiler's manners, `VectorMath` holds exp, erf and their
/// kin. `VectorAttention` cuts attention into blocks that `AttentionTiles` and `AttentionBlock` compute;
/// `VectorNormalization` takes its statistics from `GroupMoments` and its rows from `RowNormalization`. Everything
/// computes on raw addresses in float32.
package dev.cathode.kernels.cpu.vector;
