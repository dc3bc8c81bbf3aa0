package dev.cathode.kernels.cuda;

import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.kernels.cuda.TensorTable.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CudaOptimizerTest extends ShimTest {
    private static final int[] COUNTS = {1, 17, 16384, 33001};
    private static final Element[] GRADIENTS = {Element.FLOAT32, Element.BFLOAT16, Element.FLOAT16, Element.BFLOAT16};

    private long upload(TensorTable table) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment content = table.content(arena);
            long address = device.allocate(table.bytes());
            device.write(address, content.asSlice(0, table.bytes()));
            return address;
        }
    }

    private long scalar(float x) {
        return device.upload(Element.FLOAT32, x);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void adam(boolean decoupled) {
        var tensors = new ArrayList<Tensor>();
        var parameters = new ArrayList<double[]>();
        var averages = new ArrayList<double[]>();
        double rate = 0.01f;
        for (int t = 0; t < COUNTS.length; t++) {
            int n = COUNTS[t];
            float[] p = Numbers.normal(Element.FLOAT32, n, 10 * t);
            float[] g = Numbers.normal(GRADIENTS[t], n, 10 * t + 1);
            float[] average = Numbers.normal(Element.FLOAT32, n, 10 * t + 2);
            tensors.add(new Tensor(device.upload(Element.FLOAT32, p), device.upload(GRADIENTS[t], g),
                    device.upload(Element.FLOAT32, new float[n]), device.upload(Element.FLOAT32, new float[n]),
                    t == 1 ? 0 : device.allocate(2L * n), t == 2 ? 0 : device.upload(Element.FLOAT32, average), n,
                    GRADIENTS[t], t == 3 ? Element.FLOAT16 : Element.BFLOAT16));
            double[] x = new double[n];
            double[] mean = new double[n];
            for (int i = 0; i < n; i++) { // three steps in float64
                double m = 0;
                double v = 0;
                x[i] = p[i];
                mean[i] = average[i];
                for (int step = 1; step <= 3; step++) {
                    double gradient = 0.5 * g[i] + (decoupled ? 0 : 0.1 * x[i]);
                    x[i] *= decoupled ? 1 - rate * 0.1 : 1;
                    m = 0.9 * m + 0.1 * gradient;
                    v = 0.999 * v + 0.001 * gradient * gradient;
                    x[i] -= rate * m / (1 - Math.pow(0.9, step))
                            / (Math.sqrt(v / (1 - Math.pow(0.999, step))) + 1e-8);
                    mean[i] += 0.25 * (x[i] - mean[i]);
                }
            }
            parameters.add(x);
            averages.add(mean);
        }
        var table = new TensorTable(tensors);
        assertEquals(1 + 1 + 1 + 3, table.chunks());
        long address = upload(table);
        var optimizer = new CudaOptimizer(device);
        var constants = new CudaOptimizer.Adam(0.9, 0.999, 1e-8, 0.1, decoupled);
        for (int step = 1; step <= 3; step++) {
            optimizer.adam(constants, table, address, scalar((float) rate), device.uploadInts(step), scalar(0.5f),
                    scalar(0.25f));
        }
        for (int t = 0; t < COUNTS.length; t++) {
            Tensor tensor = tensors.get(t);
            String name = "[" + COUNTS[t] + "] gradient " + GRADIENTS[t].type();
            // a step is off by a few roundings of itself; tiny gradients meet epsilon, whose scale is 1e-8
            check(decoupled ? "adamw" : "adam", Element.FLOAT32, name, parameters.get(t), tensor.parameter(), 16, 1);
            if (tensor.average() != 0) {
                check("moving average", Element.FLOAT32, name, averages.get(t), tensor.average(), 16, 1);
            }
            if (tensor.copy() != 0) {
                float[] rounded = device.download(Element.FLOAT32, tensor.parameter(), COUNTS[t]);
                for (int i = 0; i < rounded.length; i++) {
                    rounded[i] = Numbers.round(tensor.copyElement(), rounded[i]);
                }
                checkExact("copy of the parameter", tensor.copyElement(), name, rounded, tensor.copy());
            }
        }
        byte[] before = device.bytes(tensors.get(3).parameter(), 4L * COUNTS[3]);
        optimizer.adam(constants, table, address, scalar(1), device.uploadInts(4), scalar(Float.NaN), scalar(0.25f));
        assertArrayEquals(before, device.bytes(tensors.get(3).parameter(), 4L * COUNTS[3]), "a factor that is NaN");
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void stochasticGradientDescent(boolean nesterov) {
        int n = 1003;
        float[] p = Numbers.normal(Element.FLOAT32, n, 1);
        float[] g = Numbers.normal(Element.BFLOAT16, n, 2);
        long buffer = device.allocate(4L * n); // NaN: the first step does not read it
        var table = new TensorTable(List.of(
                new Tensor(device.upload(Element.FLOAT32, p), device.upload(Element.BFLOAT16, g), buffer, 0, 0, 0, n,
                        Element.BFLOAT16, Element.FLOAT32),
                new Tensor(device.upload(Element.FLOAT32, p), device.upload(Element.BFLOAT16, g), 0, 0,
                        device.allocate(4L * n), 0, n, Element.BFLOAT16, Element.FLOAT32)));
        long address = upload(table);
        double[] with = new double[n];
        double[] without = new double[n];
        for (int i = 0; i < n; i++) {
            double b = 0;
            with[i] = p[i];
            without[i] = p[i];
            for (int step = 1; step <= 2; step++) {
                double gradient = 0.5 * g[i] + 0.01f * with[i];
                b = step == 1 ? gradient : 0.75 * b + gradient;
                with[i] -= 0.125 * (nesterov ? gradient + 0.75 * b : b);
                double plain = 0.5 * g[i] + 0.01f * without[i];
                without[i] -= 0.125 * (nesterov ? plain + 0.75 * plain : plain);
            }
        }
        for (int step = 1; step <= 2; step++) {
            new CudaOptimizer(device).sgd(0.75f, 0.01f, nesterov, table, address, scalar(0.125f),
                    device.uploadInts(step), scalar(0.5f));
        }
        long first = device.read(address, 8).get(JAVA_LONG_UNALIGNED, 0);
        long second = device.read(address + 64, 8).get(JAVA_LONG_UNALIGNED, 0);
        check("sgd", Element.FLOAT32, "[1003] nesterov " + nesterov, with, first, 8, 1);
        check("sgd without momentum", Element.FLOAT32, "[1003] nesterov " + nesterov, without, second, 8, 1);
    }

    @Test
    void normsAndClipping() {
        var tensors = new ArrayList<Tensor>();
        double sum = 0;
        for (int t = 0; t < COUNTS.length; t++) {
            float[] g = Numbers.normal(GRADIENTS[t], COUNTS[t], t, 0, 3);
            tensors.add(Tensor.gradient(device.upload(GRADIENTS[t], g), COUNTS[t], GRADIENTS[t]));
            for (float x : g) {
                sum += (double) x * x;
            }
        }
        var table = new TensorTable(tensors);
        long address = upload(table);
        long norm = device.allocate(4);
        long factor = device.allocate(4);
        long workspace = device.allocate(CudaOptimizer.normWorkspaceBytes(table));
        var optimizer = new CudaOptimizer(device);
        launch(norm, 4, () -> optimizer.norm(table, address, 5, norm, factor, workspace));
        check("norm", Element.FLOAT32, "4 tensors", new double[] {Math.sqrt(sum)}, norm, 1, 0);
        check("clip factor", Element.FLOAT32, "4 tensors", new double[] {5 / (Math.sqrt(sum) + 1e-6)}, factor, 4, 0);
        optimizer.clipFactor(norm, 2, factor);
        check("clip factor of a norm", Element.FLOAT32, "[]", new double[] {2 / (Math.sqrt(sum) + 1e-6)}, factor, 4, 0);
        optimizer.norm(table, address, 1e6f, norm, factor, workspace);
        assertEquals(1, device.download(Element.FLOAT32, factor, 1)[0]);
        device.write(Element.FLOAT32, tensors.getFirst().gradient(), Float.POSITIVE_INFINITY);
        optimizer.norm(table, address, 5, norm, factor, workspace);
        assertTrue(Float.isNaN(device.download(Element.FLOAT32, factor, 1)[0]));
    }

    @Test
    void averagesAndSums() {
        int n = 1029;
        float[] a = Numbers.normal(Element.FLOAT32, n, 1);
        float[] x = Numbers.normal(Element.BFLOAT16, n, 2);
        long average = device.upload(Element.FLOAT32, a);
        long sum = device.upload(Element.FLOAT32, a);
        var optimizer = new CudaOptimizer(device);
        optimizer.average(average, device.upload(Element.FLOAT32, x), scalar(0.25f), scalar(1), n);
        optimizer.average(average, device.upload(Element.FLOAT32, x), scalar(0.25f), scalar(Float.NaN), n);
        optimizer.accumulate(sum, Element.BFLOAT16, device.upload(Element.BFLOAT16, x), n);
        double[] expectedAverage = new double[n];
        double[] expectedSum = new double[n];
        for (int i = 0; i < n; i++) {
            expectedAverage[i] = a[i] + 0.25 * (x[i] - (double) a[i]);
            expectedSum[i] = (double) a[i] + x[i];
        }
        check("average", Element.FLOAT32, "[1029]", expectedAverage, average, 2, 1);
        check("accumulate", Element.FLOAT32, "[1029] of bf16", expectedSum, sum, 1, 0);
    }
}
