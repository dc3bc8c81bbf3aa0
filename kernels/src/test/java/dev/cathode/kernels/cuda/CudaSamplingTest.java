package dev.cathode.kernels.cuda;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CudaSamplingTest extends ShimTest {
    /// Six steps whose formulas reach back as far as they can, in float64 beside the kernel.
    @ParameterizedTest
    @EnumSource
    void stepsWithGuidanceHistoryAndNoise(Element element) {
        List<float[]> steps = List.of(new float[] {7.5f, 0, 1, 0.98f, -0.1f, 0, 0, 0, 0, 0, 1},
                new float[] {7.5f, 0, 1, 0.97f, -0.2f, 0.05f, 0, 0, 0, 0, 0.5f},
                new float[] {7.5f, 1.1f, -0.4f, 0.6f, 0.3f, -0.1f, 0.02f, 0, 0, 0.25f, 1},
                new float[] {2, 0, 1, 0.96f, -0.3f, 0.1f, -0.04f, 0.01f, 0, 0, 1},
                new float[] {1, 0, 1, 0.9f, 0.3f, 0.1f, 0.04f, 0, -0.01f, 0, 1},
                new float[] {0, 0, 1, 0.9f, 0.3f, 0, 0.04f, 0.01f, 0.02f, 0.5f, 0.9f});
        for (boolean guided : new boolean[] {true, false}) {
            for (int count : new int[] {5, 64, 1027}) {
                steps(element, steps, guided, count);
            }
        }
    }

    private void steps(Element element, List<float[]> steps, boolean guided, int count) {
        var sampling = new CudaSampling(device, element);
        float[] start = Numbers.normal(Element.FLOAT32, count, 1);
        double[] x = new double[count];
        for (int i = 0; i < count; i++) {
            x[i] = start[i];
        }
        double[][] kept = new double[steps.size()][count];
        long sample = device.upload(Element.FLOAT32, start);
        long history = device.allocate(20L * count);
        float[] rows = new float[11 * steps.size()];
        for (int i = 0; i < steps.size(); i++) {
            System.arraycopy(steps.get(i), 0, rows, 11 * i, 11);
        }
        long table = device.upload(Element.FLOAT32, rows);
        int halves = guided ? 2 : 1;
        for (int step = 0; step < steps.size(); step++) {
            float[] s = steps.get(step);
            float[] output = Numbers.normal(element, halves * count, 10 + step);
            float[] z = Numbers.normal(Element.FLOAT32, count, 20 + step);
            double[] input = new double[halves * count];
            for (int i = 0; i < count; i++) {
                double e = guided ? output[i] + s[0] * (output[count + i] - (double) output[i]) : output[i];
                kept[step][i] = s[1] * x[i] + s[2] * e;
                double next = s[3] * x[i] + s[9] * z[i];
                for (int k = 0; k < 5; k++) {
                    next += s[4 + k] == 0 ? 0 : s[4 + k] * kept[step - k][i];
                }
                x[i] = next;
                input[i] = s[10] * next;
                if (guided) {
                    input[count + i] = input[i];
                }
            }
            long inputs = device.allocate((long) halves * count * element.bytes());
            sampling.step(device.upload(element, output), sample, history, device.upload(Element.FLOAT32, z), inputs,
                    table, device.uploadInts(step), guided, count);
            String name = "[" + count + "] step " + step + (guided ? " guided" : "");
            check("sampler step", Element.FLOAT32, name, x, sample, 40, 8);
            check("sampler input", element, name, input, inputs, 40, 8);
        }
    }

    @ParameterizedTest
    @EnumSource
    void noise(Element element) {
        for (int size : new int[] {1, 15, 64}) {
            float[] x = Numbers.normal(element, 3 * size, 1);
            float[] z = Numbers.normal(element, 3 * size, 2);
            float[] a = {0.9f, 0.5f, 0.01f};
            float[] b = {0.43589f, 0.8660254f, 0.99995f};
            double[] expected = new double[3 * size];
            for (int i = 0; i < expected.length; i++) {
                expected[i] = (double) a[i / size] * x[i] + (double) b[i / size] * z[i];
            }
            long y = device.allocate(3L * size * element.bytes());
            new CudaSampling(device, element).addNoise(device.upload(element, x), device.upload(element, z),
                    device.upload(Element.FLOAT32, a), device.upload(Element.FLOAT32, b), y, 3, size);
            check("addNoise", element, "[3, " + size + "]", expected, y, 3, 2);
        }
    }
}
