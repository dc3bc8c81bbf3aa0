package dev.cathode.kernels.cpu.vector;

import static dev.cathode.kernels.cpu.vector.Simd.LANES;

/// The sum of the lanes of a vector in float64: upper half to lower half, until one is left. They are added up through
/// arrays, because the order of `reduceLanes` is not defined and a result must not depend on when the compiler came by.
final class LaneTotal {
    /// What is added.
    final float[] lanes = new float[LANES];
    private final double[] numbers = new double[LANES / 2];

    /// The sum of [#lanes].
    double get() {
        for (int lane = 0; lane < LANES / 2; lane++) {
            numbers[lane] = (double) lanes[lane] + lanes[lane + LANES / 2];
        }
        for (int half = LANES / 4; half > 0; half /= 2) {
            for (int lane = 0; lane < half; lane++) {
                numbers[lane] += numbers[lane + half];
            }
        }
        return numbers[0];
    }
}
