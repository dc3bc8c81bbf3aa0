package dev.cathode.roentgen.classify;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.image.ImageFit;
import dev.cathode.engine.image.RgbImage;
import dev.cathode.engine.models.DenseNet;
import dev.cathode.engine.random.RandomWeights;
import dev.cathode.engine.runtime.CompileOptions;
import dev.cathode.engine.runtime.Device;
import dev.cathode.engine.runtime.Executable;
import dev.cathode.engine.runtime.cpu.CpuDevice;
import dev.cathode.engine.runtime.cpu.CpuOptions;
import dev.cathode.weights.CheckpointException;
import dev.cathode.weights.SafetensorsWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A classifier's folder, and pictures judged by it.
class ClassifierPredictorTest {
    private static final ClassifierConfig CONFIG = ClassifierFixtures.CONFIG;

    @TempDir
    Path folder;

    @Test
    void judgesLikeTheNetworkWhateverTheBatch() throws IOException {
        var images = new ClassifierFixtures.Squares(3);
        write(CONFIG.toJson().toString());
        try (Device device = CpuDevice.open(CpuOptions.defaults());
                ClassifierPredictor predictor = ClassifierPredictor.open(folder, device)) {
            assertEquals(CONFIG, predictor.config());
            float[] all = predictor.probabilities(List.of(images.image(0), images.image(1), images.image(2)));
            assertEquals(3 * CONFIG.labels().size(), all.length);
            for (int i = 0; i < 3; i++) {
                float[] logits = logits(device, CONFIG.pixels(images.image(i)));
                for (int j = 0; j < logits.length; j++) {
                    assertEquals(1 / (1 + Math.exp(-logits[j])), all[i * logits.length + j], 1e-6);
                }
                float[] one = predictor.probabilities(List.of(images.image(i)));
                assertArrayEquals(one, new float[] {all[2 * i], all[2 * i + 1]}, 1e-6f);
            }
        }
    }

    private float[] logits(Device device, float[] pixels) {
        Graph graph = graph();
        try (RandomWeights random = new RandomWeights(7, RandomWeights.Filters.KAIMING_NORMAL, graph);
                var weights = device.weights(random);
                Executable executable = device.compile(graph, weights, CompileOptions.defaults())) {
            executable.set("pixel_values", pixels);
            executable.run();
            return executable.get("logits");
        }
    }

    private static Graph graph() {
        return DenseNet.graph(CONFIG.network(), 1, CONFIG.imageSize(), CONFIG.imageSize());
    }

    private void write(String config) throws IOException {
        try (RandomWeights random = new RandomWeights(7, RandomWeights.Filters.KAIMING_NORMAL, graph())) {
            SafetensorsWriter.write(folder.resolve(ClassifierConfig.WEIGHTS), random, Optional.empty());
        }
        Files.writeString(folder.resolve(ClassifierConfig.FILE), config);
    }

    @Test
    void blackAndWhiteAreTheEndsOfTorchxrayvisionsRange() {
        byte[] pixels = {0, 0, 0, -1, -1, -1, 0, 0, 0, -1, -1, -1};
        float[] seen = new ClassifierConfig(ClassifierFixtures.NETWORK, ClassifierFixtures.LABELS, 2, ImageFit.STRETCH)
                .pixels(new RgbImage(2, 2, pixels));
        assertArrayEquals(new float[] {-1024, 1024, -1024, 1024}, seen);
    }

    @Test
    void foldersThatDoNotFitAreRefused() throws IOException {
        String config = CONFIG.toJson().toString();
        for (String[] wrong : new String[][] {{"\"image_size\":16", "\"image_size\":0"}, {"\"fit\"", "\"fitting\""},
                {"\"stretch\"", "\"wide\""}, {"[\"Large\",\"Bright\"]", "[\"Large\"]"},
                {"[\"Large\",\"Bright\"]", "[\"Large\",\"Large\"]"}, {"\"growth_rate\":4", "\"growth_rate\":5"},
                {"\"block_config\":[1,2]", "\"block_config\":[1,1]"}}) {
            assertTrue(config.contains(wrong[0]), wrong[0]);
            write(config.replace(wrong[0], wrong[1]));
            try (Device device = CpuDevice.open(CpuOptions.defaults())) {
                CheckpointException error = assertThrows(CheckpointException.class, () -> {
                    try (var predictor = ClassifierPredictor.open(folder, device)) {
                        predictor.probabilities(List.of(new ClassifierFixtures.Squares(1).image(0)));
                    }
                }, wrong[1]);
                assertTrue(error.getMessage().startsWith(folder.toString()), error.getMessage());
            }
        }
    }
}
