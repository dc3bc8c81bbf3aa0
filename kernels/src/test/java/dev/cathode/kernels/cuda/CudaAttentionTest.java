package dev.cathode.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.cathode.kernels.cpu.Attention;
import dev.cathode.kernels.cpu.AttentionGradient;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CudaAttentionTest extends ShimTest {
    /// The formulas in float64, and beside each result the size of what was summed up: the sum of the absolute values,
    /// which the rounding of probabilities and of score gradients is relative to.
    private static final class Reference {
        final double[] y;
        final double[] dq;
        final double[] dk;
        final double[] dv;
        final double[] ySize;
        final double[] dqSize;
        final double[] dkSize;
        final double[] dvSize;

        Reference(Attention.Shape s, float[] q, float[] k, float[] v, float[] mask, float[] dy) {
            int d = s.headSize();
            int stride = s.heads() * d;
            y = new double[q.length];
            ySize = new double[q.length];
            dq = new double[q.length];
            dqSize = new double[q.length];
            dk = new double[k.length];
            dkSize = new double[k.length];
            dv = new double[k.length];
            dvSize = new double[k.length];
            double[] p = new double[s.keys()];
            double[] dp = new double[s.keys()];
            double[] dpSize = new double[s.keys()];
            for (int row = 0; row < s.batch() * s.heads() * s.queries(); row++) {
                int n = row / s.queries() / s.heads();
                int at = (n * s.queries() + row % s.queries()) * stride + row / s.queries() % s.heads() * d;
                int keys = n * s.keys() * stride + row / s.queries() % s.heads() * d;
                int end = s.causal() ? Math.min(s.keys(), row % s.queries() + 1) : s.keys();
                double max = Double.NEGATIVE_INFINITY;
                for (int j = 0; j < end; j++) {
                    p[j] = s.masked() ? mask[n * s.keys() + j] : 0;
                    for (int c = 0; c < d; c++) {
                        p[j] += (double) s.scale() * q[at + c] * k[keys + j * stride + c];
                    }
                    max = Math.max(max, p[j]);
                }
                double sum = 0;
                for (int j = 0; j < end; j++) {
                    p[j] = Math.exp(p[j] - max);
                    sum += p[j];
                }
                double all = 0;
                double allSize = 0;
                for (int j = 0; j < end; j++) {
                    p[j] /= sum;
                    dp[j] = 0;
                    dpSize[j] = 0;
                    for (int c = 0; c < d; c++) {
                        int key = keys + j * stride + c;
                        y[at + c] += p[j] * v[key];
                        ySize[at + c] += p[j] * Math.abs(v[key]);
                        dv[key] += p[j] * dy[at + c];
                        dvSize[key] += p[j] * Math.abs(dy[at + c]);
                        dp[j] += (double) v[key] * dy[at + c];
                        dpSize[j] += Math.abs((double) v[key] * dy[at + c]);
                    }
                    all += p[j] * dp[j];
                    allSize += p[j] * dpSize[j];
                }
                for (int j = 0; j < end; j++) {
                    double ds = s.scale() * p[j] * (dp[j] - all);
                    double dsSize = s.scale() * p[j] * (dpSize[j] + allSize);
                    for (int c = 0; c < d; c++) {
                        int key = keys + j * stride + c;
                        dq[at + c] += ds * k[key];
                        dqSize[at + c] += dsSize * Math.abs(k[key]);
                        dk[key] += ds * q[at + c];
                        dkSize[key] += dsSize * Math.abs(q[at + c]);
                    }
                }
            }
        }
    }

    /// One rounding of what meets the second product, one of the result, and those of float32.
    private void checkSized(String kernel, Element element, String shape, double[] expected, double[] size,
                            long address) {
        float[] actual = device.download(element, address, expected.length);
        double worst = 0;
        for (int i = 0; i < expected.length; i++) {
            double allowed = Numbers.epsilon(element) * (1.05 * size[i] + 1.05 * Math.abs(expected[i])) + 1e-6
                    + 2e-6 * size[i];
            double error = Math.abs(actual[i] - expected[i]);
            if (!(error <= allowed)) {
                throw new AssertionError("%s %s %s, number %d: %s instead of %s, allowed %.2e".formatted(kernel,
                        element, shape, i, actual[i], expected[i], allowed));
            }
            worst = Math.max(worst, error);
        }
        list(kernel, element, shape, worst);
    }

    @ParameterizedTest
    @CsvSource({
        // batch, heads, queries, keys, head size, causal, masked
        "1, 1, 1, 1, 8, false, false", "2, 2, 70, 77, 40, false, false", "1, 1, 65, 150, 40, false, true",
        "1, 2, 100, 100, 64, true, false", "1, 1, 33, 40, 80, true, true", "1, 1, 67, 77, 160, false, false",
        "1, 1, 20, 37, 13, false, true", "1, 1, 16, 70, 1, true, false"})
    void forwardAndBackward(int batch, int heads, int queries, int keys, int size, boolean causal, boolean masked) {
        var shape = new Attention.Shape(batch, heads, queries, keys, size, causal, masked,
                (float) (1 / Math.sqrt(size)));
        attention(shape, Element.BFLOAT16, true);
        if (size == 40) { // each size takes g++ a second, and the type shows in conversions and products only
            attention(shape, Element.FLOAT16, true);
        }
    }

    @ParameterizedTest
    @CsvSource({"70, 45, 512", "3, 33, 200"})
    void largeHeadsForward(int queries, int keys, int size) {
        attention(new Attention.Shape(1, 1, queries, keys, size, false, false, (float) (1 / Math.sqrt(size))),
                Element.BFLOAT16, false);
    }

    private void attention(Attention.Shape s, Element element, boolean gradient) {
        int stride = s.heads() * s.headSize();
        float[] q = Numbers.normal(element, s.batch() * s.queries() * stride, 1, 0, 1.5);
        float[] k = Numbers.normal(element, s.batch() * s.keys() * stride, 2, 0, 1.5);
        float[] v = Numbers.normal(element, s.batch() * s.keys() * stride, 3);
        float[] dy = Numbers.normal(element, q.length, 4);
        float[] mask = new float[s.batch() * s.keys()];
        for (int i = 0; i < mask.length; i++) {
            mask[i] = i % 3 == 1 ? Float.NEGATIVE_INFINITY : i % 5 * 0.25f;
        }
        var expected = new Reference(s, q, k, v, mask, dy);
        var attention = new CudaAttention(device, s, element);
        // queries, keys and values lie in wider rows, as after one product for all three
        int gap = s.headSize() % 8 == 0 ? 8 : 3;
        long queries = strided(element, q, stride, stride + gap);
        long values = strided(element, v, stride, stride + 2 * gap);
        long in = device.upload(element, k);
        long known = s.masked() ? device.upload(Element.FLOAT32, mask) : 0;
        long y = device.allocate((long) q.length * element.bytes());
        long logSums = device.allocate(4L * s.batch() * s.heads() * s.queries());
        var arguments = new Attention.Arguments(queries, stride + gap, in, stride, values, stride + 2 * gap, known, y,
                stride, 0);
        launch(y, (long) q.length * element.bytes(), () -> attention.run(arguments, logSums));
        String name = s.toString().replaceAll("Shape|[a-zA-Z]+=", "").replace(", masked", "");
        checkSized("attention", element, name, expected.y, expected.ySize, y);
        if (!gradient) {
            assertThrows(UnsupportedOperationException.class, () -> attention.gradient(null, logSums));
            return;
        }
        long dq = device.allocate((long) q.length * element.bytes());
        long dk = device.allocate((long) k.length * element.bytes());
        long dv = device.allocate((long) k.length * element.bytes());
        attention.gradient(new AttentionGradient.Arguments(queries, stride + gap, in, stride, values, stride + 2 * gap,
                known, y, stride, device.upload(element, dy), stride, dq, dk, dv,
                device.allocate(attention.workspaceBytes())), logSums);
        // Σ output · dy meets the output's rounding, which is as large as that of one probability
        double[] dqSize = Arrays.stream(expected.dqSize).map(x -> 2 * x).toArray();
        double[] dkSize = Arrays.stream(expected.dkSize).map(x -> 2 * x).toArray();
        checkSized("attentionGradient dq", element, name, expected.dq, dqSize, dq);
        checkSized("attentionGradient dk", element, name, expected.dk, dkSize, dk);
        checkSized("attentionGradient dv", element, name, expected.dv, expected.dvSize, dv);
    }

    /// Rows that lie further apart, with NaN between them.
    private long strided(Element element, float[] x, int columns, int stride) {
        int rows = x.length / columns;
        float[] wide = new float[(rows - 1) * stride + columns];
        Arrays.fill(wide, Float.NaN);
        for (int r = 0; r < rows; r++) {
            System.arraycopy(x, r * columns, wide, r * stride, columns);
        }
        return device.upload(element, wide);
    }

    @Test
    void float32HasOtherWays() {
        var shape = new Attention.Shape(1, 1, 1, 1, 8, false, false, 1);
        assertThrows(IllegalArgumentException.class, () -> new CudaAttention(device, shape, Element.FLOAT32));
    }
}
