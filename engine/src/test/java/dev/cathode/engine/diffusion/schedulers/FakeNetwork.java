package dev.cathode.engine.diffusion.schedulers;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.util.Arrays;
import java.util.function.Supplier;

/// The network of the golden runs, tanh(0.7 x + 0.1 t / 1000), and a whole run with it.
final class FakeNetwork {
    private FakeNetwork() {
    }

    /// All samples of a run, the first one included, one after the other.
    ///
    /// @param trajectory the samples `[count + 1, noise.length]`
    /// @param noisySteps how many steps asked for noise
    record Run(float[] trajectory, int noisySteps) {
    }

    /// @param noise the first sample, before it is scaled
    /// @param stepNoise `[count, noise.length]`: what steps that ask for noise get
    static Run run(Sampling sampling, float[] noise, float[] stepNoise) {
        int size = noise.length;
        float[] x = noise.clone();
        for (int k = 0; k < size; k++) {
            x[k] *= sampling.initNoiseSigma();
        }
        float[] trajectory = Arrays.copyOf(x, (sampling.count() + 1) * size);
        int[] drawn = new int[1];
        for (int i = 0; i < sampling.count(); i++) {
            int from = i * size;
            Supplier<float[]> draw = () -> {
                drawn[0]++;
                return Arrays.copyOfRange(stepNoise, from, from + size);
            };
            float[] before = x.clone();
            float[] next = sampling.step(i, predict(sampling.scaleModelInput(i, x), sampling.timestep(i)), x, draw);
            assertArrayEquals(before, x, "the step changed its input");
            x = next;
            System.arraycopy(x, 0, trajectory, from + size, size);
        }
        return new Run(trajectory, drawn[0]);
    }

    static float[] predict(float[] x, double timestep) {
        float[] y = new float[x.length];
        for (int i = 0; i < y.length; i++) {
            y[i] = (float) Math.tanh(0.7f * x[i] + (float) (0.1 * timestep / 1000));
        }
        return y;
    }

    static float[] floats(double[] values) {
        float[] rounded = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            rounded[i] = (float) values[i];
        }
        return rounded;
    }
}
