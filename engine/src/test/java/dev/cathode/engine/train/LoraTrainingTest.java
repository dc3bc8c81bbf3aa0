package dev.cathode.engine.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.weights.Checkpoint;
import dev.cathode.weights.Checkpoints;
import dev.cathode.weights.LoraOption;
import dev.cathode.weights.ModelOptions;
import dev.cathode.weights.ModelSource;
import dev.cathode.weights.SafetensorsWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Runs of `method: lora`: what they write is what was trained.
class LoraTrainingTest {
    private static final String LORA = "method: lora\nrank: 2\nlora_alpha: 6\nlearning_rate: 1e-2\n"
            + "max_train_steps: 6\n";

    @TempDir
    private Path folder;

    /// The model with the written file merged in has the loss that training told at its end.
    @Test
    void theWrittenFileGivesTheTrainedModel() throws Exception {
        Runs.Told told = Runs.train(folder.resolve("run"), new Stripes(), LORA + "train_text_encoder: true\n"
                + "validation_prompts: [\"a mass\"]\nnum_validation_images: 1\n"
                + "lora_layers: [to_q, to_v, proj_in, ff.net.2]");
        Path file = folder.resolve("run/model/" + LoraWriter.FILE);
        try (Checkpoint written = Checkpoints.open(file)) {
            for (String part : List.of("unet.mid_block.attentions.0.proj_in.lora.down.weight",
                    "unet.mid_block.attentions.0.transformer_blocks.0.ff.net.2.lora.up.weight",
                    "text_encoder.text_model.encoder.layers.0.self_attn.out_proj.lora_linear_layer.up.weight")) {
                assertTrue(written.names().contains(part), written.names().toString());
            }
            assertTrue(written.names().stream().noneMatch(name -> name.contains("to_k")), written.names().toString());
        }
        double merged = loss(merged(file, 1));
        assertEquals(told.validation(), merged, 1e-5 * merged);
        double without = loss(Runs.MODEL);
        assertEquals(without, loss(merged(file, 0)), 1e-6 * without);
        assertTrue(Math.abs(without - merged) > 1e-3 * without, without + " and " + merged);
    }

    /// A copy of the model with additions merged in.
    private Path merged(Path file, double scale) throws Exception {
        Path model = folder.resolve("merged-" + scale);
        try (Stream<Path> all = Files.walk(Runs.MODEL)) {
            for (Path path : all.toList()) {
                Files.copy(path, model.resolve(Runs.MODEL.relativize(path)));
            }
        }
        try (ModelSource source = ModelSource.open(Runs.MODEL,
                ModelOptions.DEFAULT.withLoras(List.of(new LoraOption(file, scale))))) {
            SafetensorsWriter.write(model.resolve("unet/diffusion_pytorch_model.safetensors"),
                    source.component("unet").weights(), Optional.empty());
            SafetensorsWriter.write(model.resolve("text_encoder/model.safetensors"),
                    source.component("text_encoder").weights(), Optional.empty());
        }
        return model;
    }

    /// The loss of a model on the samples held out.
    private double loss(Path model) throws Exception {
        return Runs.train(folder.resolve("loss-" + model.getFileName()), new Stripes(),
                "learning_rate: 1e-12\nmax_train_steps: 1\npretrained_model_name_or_path: " + model).validation();
    }

    @Test
    void resumingIsExactWithAMovingAverage() throws Exception {
        String settings = LORA + "use_ema: true";
        Runs.train(folder.resolve("whole"), new Stripes(), settings);
        Runs.train(folder.resolve("parts"), new Stripes(), settings, 2);
        Runs.train(folder.resolve("parts"), new Stripes(), settings + "\nresume_from_checkpoint: latest");
        for (String file : List.of("model/", "checkpoint-6/")) {
            assertTrue(Runs.same(folder.resolve("whole").resolve(file + LoraWriter.FILE),
                    folder.resolve("parts").resolve(file + LoraWriter.FILE)), file);
        }
        assertFalse(Runs.same(folder.resolve("whole/model/" + LoraWriter.FILE),
                folder.resolve("whole/checkpoint-6/" + LoraWriter.FILE)), "the average is what was trained last");
    }

    @Test
    void layersThatAreNotThereAreRefused() {
        var failure = assertThrows(IllegalArgumentException.class, () ->
                Runs.train(folder, new Stripes(), LORA + "lora_layers: [to_x]"));
        assertTrue(failure.getMessage().contains("to_x"), failure.getMessage());
    }
}
