package dev.cathode.bench;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.engine.benchmark.NetworkBenchmark.Network;
import dev.cathode.kernels.cpu.ConvolutionAlgorithm;
import dev.cathode.kernels.cpu.WeightStorage;
import org.junit.jupiter.api.Test;

/// The benchmarks accept what the kernels compute, at small shapes, and nothing else.
class BenchmarksTest {
    @Test
    void linear() {
        for (WeightStorage storage : WeightStorage.values()) {
            LinearBenchmark benchmark = new LinearBenchmark();
            benchmark.shape = "20x33x18";
            benchmark.storage = storage;
            benchmark.prepare();
            benchmark.run();
            benchmark.close();
        }
    }

    @Test
    void convolution() {
        for (ConvolutionAlgorithm algorithm : ConvolutionAlgorithm.values()) {
            ConvolutionBenchmark benchmark = new ConvolutionBenchmark();
            benchmark.shape = "2x8x12x5x7";
            benchmark.algorithm = algorithm;
            benchmark.threads = 2;
            benchmark.prepare();
            benchmark.run();
            benchmark.close();
        }
    }

    @Test
    void filterGradient() {
        for (String shape : new String[] {"2x8x11x5x7x3x1", "1x1x20x33x18x1x1", "1x9x12x3x8x7x2"}) {
            FilterGradientBenchmark benchmark = new FilterGradientBenchmark();
            benchmark.shape = shape;
            benchmark.threads = 2;
            benchmark.prepare();
            benchmark.run();
            benchmark.close();
        }
    }

    @Test
    void attention() {
        for (String shape : new String[] {"2x2x17x17x64", "1x3x20x9x8"}) {
            for (String kernels : new String[] {"fastest", "mixed", "vector"}) {
                AttentionBenchmark benchmark = new AttentionBenchmark();
                benchmark.shape = shape;
                benchmark.kernels = kernels;
                benchmark.prepare();
                benchmark.run();
                benchmark.close();
            }
        }
    }

    @Test
    void attentionGradient() {
        for (String shape : new String[] {"2x2x17x17x64", "1x3x20x9x8"}) {
            AttentionGradientBenchmark benchmark = new AttentionGradientBenchmark();
            benchmark.shape = shape;
            benchmark.prepare();
            benchmark.run();
            benchmark.close();
        }
    }

    @Test
    void normalization() {
        NormalizationBenchmark benchmark = new NormalizationBenchmark();
        benchmark.shape = "2x30x64";
        benchmark.prepare();
        benchmark.groupNormSilu();
        benchmark.layerNorm();
        benchmark.close();
    }

    @Test
    void adam() {
        AdamBenchmark benchmark = new AdamBenchmark();
        benchmark.parameters = 20_011;
        benchmark.prepare();
        benchmark.adam();
        benchmark.close();
    }

    @Test
    void biasGradient() {
        for (String shape : new String[] {"30x1543", "5000x3"}) {
            BiasGradientBenchmark benchmark = new BiasGradientBenchmark();
            benchmark.shape = shape;
            benchmark.threads = 2;
            benchmark.prepare();
            benchmark.sum();
            benchmark.close();
        }
    }

    @Test
    void normalizationGradient() {
        NormalizationGradientBenchmark benchmark = new NormalizationGradientBenchmark();
        benchmark.shape = "2x30x64";
        benchmark.prepare();
        benchmark.groupNormSilu();
        benchmark.batchNormRelu();
        benchmark.layerNorm();
        benchmark.close();
    }

    @Test
    void network() {
        NetworksBenchmark benchmark = new NetworksBenchmark();
        benchmark.network = Network.TEXT;
        benchmark.size = 64;
        benchmark.prepare();
        benchmark.run();
        benchmark.close();
        assertThrows(IllegalStateException.class, () -> NetworksBenchmark.check("x", new float[] {1}, new float[] {1.1f}));
        assertThrows(IllegalStateException.class, () -> NetworksBenchmark.check("x", new float[] {Float.NaN}, new float[] {1}));
    }

    @Test
    void aWrongResultIsNotMeasured() {
        try (Buffers buffers = new Buffers(1)) {
            var numbers = buffers.random(1000, 1, 1);
            Buffers.check("right", numbers, 1000, 1e-6, i -> Buffers.get(numbers, i));
            String message = assertThrows(IllegalStateException.class, () -> Buffers.check("wrong", numbers, 1000, 1e-3,
                    i -> Buffers.get(numbers, i) + (i == 999 ? 0.01 : 0))).getMessage();
            assertTrue(message.startsWith("wrong is wrong: number 999"), message);
        }
        assertTrue(assertThrows(IllegalArgumentException.class, () -> Buffers.sizes("2x3", 3)).getMessage()
                .contains("2x3"));
    }
}
