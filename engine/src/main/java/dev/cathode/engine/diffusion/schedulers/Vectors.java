package dev.cathode.engine.diffusion.schedulers;

import java.util.List;

/// Sums of scaled samples. Products and sums are double, results float32.
final class Vectors {
    private Vectors() {
    }

    static float[] sum(double a, float[] x, double b, float[] y) {
        checkLength(x, y);
        float[] sum = new float[x.length];
        for (int i = 0; i < sum.length; i++) {
            sum[i] = (float) (a * x[i] + b * y[i]);
        }
        return sum;
    }

    static float[] sum(double a, float[] x, double b, float[] y, double c, float[] z) {
        checkLength(x, y);
        checkLength(x, z);
        float[] sum = new float[x.length];
        for (int i = 0; i < sum.length; i++) {
            sum[i] = (float) (a * x[i] + b * y[i] + c * z[i]);
        }
        return sum;
    }

    /// The sum of all `scales[k] · terms[k]`; a term with scale 0 does not count, whatever it holds.
    static float[] sum(double[] scales, List<float[]> terms) {
        double[] sum = new double[terms.getFirst().length];
        for (int k = 0; k < scales.length; k++) {
            float[] term = terms.get(k);
            checkLength(terms.getFirst(), term);
            for (int i = 0; i < sum.length && scales[k] != 0; i++) {
                sum[i] += scales[k] * term[i];
            }
        }
        float[] rounded = new float[sum.length];
        for (int i = 0; i < sum.length; i++) {
            rounded[i] = (float) sum[i];
        }
        return rounded;
    }

    static float[] divide(float[] x, float divisor) {
        float[] quotient = new float[x.length];
        for (int i = 0; i < quotient.length; i++) {
            quotient[i] = x[i] / divisor;
        }
        return quotient;
    }

    static float[] clip(float[] x, double range) {
        float[] clipped = new float[x.length];
        for (int i = 0; i < clipped.length; i++) {
            clipped[i] = Math.clamp(x[i], (float) -range, (float) range);
        }
        return clipped;
    }

    private static void checkLength(float[] x, float[] y) {
        if (x.length != y.length) {
            throw new IllegalArgumentException("a sample of " + x.length + " numbers does not go with one of "
                    + y.length);
        }
    }
}
