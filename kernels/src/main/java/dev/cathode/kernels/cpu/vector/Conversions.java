package dev.cathode.kernels.cpu.vector;

import dev.cathode.kernels.cpu.WeightStorage;

/// Conversions between float32 and the types of 16 bits, on the thread that calls: exact one way, to nearest even the
/// other, infinities and NaN kept. Counts are multiples of the lanes of a vector, [Simd#LANES].
///
/// All implementations give the same bytes; of NaN, some NaN.
public interface Conversions {
    /// Those on the Vector API.
    static Conversions vector() {
        return new VectorConversions();
    }

    /// Widens `x`, stored numbers, to `y`, float32.
    ///
    /// @param from one of the types of 16 bits
    void widen(WeightStorage from, long x, long y, long count);

    /// Narrows `x`, float32, to `y`, stored numbers. May be in place.
    ///
    /// @param to one of the types of 16 bits
    void narrow(WeightStorage to, long x, long y, long count);
}
