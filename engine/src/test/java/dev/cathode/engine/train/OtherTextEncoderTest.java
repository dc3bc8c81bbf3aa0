package dev.cathode.engine.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.engine.models.TextModel;
import dev.cathode.engine.text.BertTokenizer;
import dev.cathode.engine.text.Tokenizers;
import dev.cathode.weights.Checkpoint;
import dev.cathode.weights.Checkpoints;
import dev.cathode.weights.Conversions;
import dev.cathode.weights.Goldens;
import dev.cathode.weights.ModelSource;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A BERT in CLIP's place, as RadBERT and SapBERT: frozen, trained, or with a projection behind it. What is written
/// samples.
class OtherTextEncoderTest {
    private static final String WEIGHTS = "text_encoder/model.safetensors";

    @TempDir
    private Path folder;

    private Path bert;

    /// A folder as RadBERT's: network and vocabulary side by side.
    @BeforeEach
    void bertFolder() throws Exception {
        bert = Files.createDirectory(folder.resolve("bert"));
        for (String file : new String[] {"config.json", "model.safetensors"}) {
            Files.copy(Goldens.root().resolve("bert").resolve(file), bert.resolve(file));
        }
        for (String file : new String[] {"tokenizer_config.json", "vocab.txt"}) {
            Files.copy(Goldens.root().resolve("tokenizer/bert_uncased").resolve(file), bert.resolve(file));
        }
    }

    private Runs.Told train(String output, String settings) throws Exception {
        return Runs.train(folder.resolve(output), new Stripes(), "learning_rate: 1e-3\nmax_train_steps: 3\n"
                + "pretrained_text_encoder_name_or_path: " + bert + "\n" + settings);
    }

    /// RoentGen's way: the U-Net is random and learns to read what the frozen encoder says.
    @Test
    void frozen() throws Exception {
        train("run", "random_unet: true");
        Path model = folder.resolve("run/model");
        assertTrue(Runs.same(bert.resolve("model.safetensors"), model.resolve(WEIGHTS)));
        assertTrue(Tokenizers.load(model.resolve("tokenizer")) instanceof BertTokenizer);
        assertFalse(Arrays.equals(Runs.draw(model, "a left effusion").pixels(),
                Runs.draw(model, "no finding").pixels()));
    }

    @Test
    void trained() throws Exception {
        train("run", "train_text_encoder: true\nuse_ema: true\nvalidation_prompts: [\"no finding\"]\n"
                + "num_validation_images: 1");
        Path model = folder.resolve("run/model");
        try (Checkpoint before = Checkpoints.open(bert.resolve("model.safetensors"));
                Checkpoint after = Checkpoints.open(model.resolve(WEIGHTS))) {
            assertEquals(before.names(), after.names());
            String layer = "encoder.layer.0.attention.self.value.weight";
            assertFalse(Arrays.equals(Conversions.toFloats(before.tensor(layer)),
                    Conversions.toFloats(after.tensor(layer))));
        }
        Runs.draw(model, "a left effusion");
    }

    /// A small network behind the frozen encoder before the frozen U-Net; the written model has the loss that was told.
    @Test
    void projectedByTheDiffusionLoss() throws Exception {
        Runs.Told told = train("run", "method: textual_projection");
        Path model = folder.resolve("run/model");
        assertTrue(Runs.same(Runs.MODEL.resolve("unet/diffusion_pytorch_model.safetensors"),
                model.resolve("unet/diffusion_pytorch_model.safetensors")));
        Runs.Told again = Runs.train(folder.resolve("again"), new Stripes(), "learning_rate: 1e-12\n"
                + "max_train_steps: 1\ntrain_text_encoder: false\npretrained_model_name_or_path: " + model);
        assertEquals(told.validation(), again.validation(), 1e-5 * told.validation());
        Runs.draw(model, "a left effusion");
    }

    @Test
    void projectedToTheHiddenStatesOfClip() throws Exception {
        Runs.Told told = train("run", "method: textual_projection\nprojection_loss: hidden_states");
        Path model = folder.resolve("run/model");
        try (ModelSource source = ModelSource.open(model)) {
            assertTrue(TextModel.parse(source.component("text_encoder").config(), "written")
                    instanceof TextModel.Projected);
        }
        assertTrue(told.losses().getLast() < told.losses().getFirst(), told.toString());
        Runs.draw(model, "a left effusion");
    }
}
