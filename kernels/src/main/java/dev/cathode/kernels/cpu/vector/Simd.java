package dev.cathode.kernels.cpu.vector;

import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/// The vector width that every kernel in this package uses: the machine's widest, or a narrower one by the system
/// property `cathode.vector.bits` (128, 256 or 512), which is how one machine tests the code of others. Who asks for
/// AVX2 (`cathode.cpu`) gets what a processor with AVX2 has: 256.
///
/// No kernel uses float vectors of another width: once a second class of them is loaded, the compiler no longer knows
/// which one a call means, may not inline it, and every kernel compiled from then on can be 20 times slow.
final class Simd {
    /// Floats of one register.
    static final VectorSpecies<Float> SPECIES =
            species(Integer.getInteger("cathode.vector.bits",
                    "avx2".equals(System.getProperty("cathode.cpu")) ? 256 : 0), FloatVector.SPECIES_PREFERRED);
    /// As many ints.
    static final VectorSpecies<Integer> INTS = SPECIES.withLanes(int.class);
    /// Floats of half a register: what widens to [#DOUBLES].
    static final VectorSpecies<Float> HALF_FLOATS =
            VectorSpecies.of(float.class, VectorShape.forBitSize(SPECIES.vectorBitSize() / 2));
    /// Doubles of one register.
    static final VectorSpecies<Double> DOUBLES = VectorSpecies.of(double.class, SPECIES.vectorShape());
    /// As many shorts: half a register.
    static final VectorSpecies<Short> SHORTS = shorts(SPECIES.length());
    /// Floats in one vector.
    static final int LANES = SPECIES.length();
    /// Memory is little-endian everywhere in this package.
    static final ByteOrder LE = ByteOrder.LITTLE_ENDIAN;

    private Simd() { }

    /// The species of `bits` bits, never wider than `preferred`; 0 means `preferred`.
    static VectorSpecies<Float> species(int bits, VectorSpecies<Float> preferred) {
        if (bits == 0) {
            return preferred;
        }
        if (bits != 128 && bits != 256 && bits != 512) {
            throw new IllegalArgumentException("cathode.vector.bits must be 128, 256 or 512, not " + bits);
        }
        if (bits > preferred.vectorBitSize()) {
            System.getLogger(Simd.class.getName()).log(System.Logger.Level.WARNING,
                    "cathode.vector.bits={0} is more than this machine has: using {1}", bits,
                    preferred.vectorBitSize());
            return preferred;
        }
        return VectorSpecies.of(float.class, VectorShape.forBitSize(bits));
    }

    private static VectorSpecies<Short> shorts(int lanes) {
        return VectorSpecies.of(short.class, VectorShape.forBitSize(lanes * Short.SIZE));
    }
}
