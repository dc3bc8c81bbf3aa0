package dev.cathode.engine.models;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class DiagonalGaussianDistributionTest {
    @Test
    void logarithmsAreClamped() {
        var moments = new DiagonalGaussianDistribution(new float[3], new float[] {-100, 0, 100});
        assertArrayEquals(new float[] {-30, 0, 20}, moments.logvar());
        assertArrayEquals(new float[] {(float) Math.exp(-15), 1, (float) Math.exp(10)}, moments.std());
    }

    @Test
    void sampleIsMeanPlusNoise() {
        var moments = new DiagonalGaussianDistribution(new float[] {1, -2}, new float[] {0, (float) Math.log(4)});
        assertArrayEquals(new float[] {1.5f, -4}, moments.sample(new float[] {0.5f, -1}), 1e-6f);
        assertArrayEquals(new float[] {1, -2}, moments.mode());
    }

    @Test
    void lengthsMustFit() {
        assertThrows(IllegalArgumentException.class,
                () -> new DiagonalGaussianDistribution(new float[2], new float[3]));
        var moments = new DiagonalGaussianDistribution(new float[2], new float[2]);
        assertThrows(IllegalArgumentException.class, () -> moments.sample(new float[3]));
    }
}
