package dev.cathode.engine.train.recipe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.engine.diffusion.schedulers.PredictionType;
import dev.cathode.engine.image.ImageFit;
import dev.cathode.engine.train.EmaDecay;
import dev.cathode.engine.train.LearningRateSchedule.Constant;
import dev.cathode.engine.train.LearningRateSchedule.Cosine;
import dev.cathode.engine.train.LearningRateSchedule.CosineWithRestarts;
import dev.cathode.engine.train.LearningRateSchedule.Cyclic;
import dev.cathode.engine.train.recipe.OptimizerSettings.AdamW;
import dev.cathode.engine.train.recipe.OptimizerSettings.Sgd;
import dev.cathode.engine.train.recipe.TrainingMethod.DreamBooth;
import dev.cathode.engine.train.recipe.TrainingMethod.FineTune;
import dev.cathode.engine.train.recipe.TrainingMethod.Lora;
import dev.cathode.engine.train.recipe.TrainingMethod.TextualInversion;
import dev.cathode.engine.train.recipe.TrainingMethod.TextualProjection;
import dev.cathode.engine.train.recipe.TrainingMethod.Vae;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainingRecipeTest {
    private static final String MINIMAL = "pretrained_model_name_or_path: sd\nmax_train_steps: 7\n";
    private static final String FINETUNE = MINIMAL + "train_data_dir: films\n";
    private static final String DREAMBOOTH = MINIMAL
            + "method: dreambooth\ninstance_data_dir: few\ninstance_prompt: a film\n";
    private static final String INVERSION = FINETUNE
            + "method: textual_inversion\nplaceholder_token: <film>\ninitializer_token: film\n";

    @TempDir
    Path folder;

    private static TrainingRecipe parse(String text, String... overrides) {
        return TrainingRecipe.parse(text, "r.yaml", List.of(overrides));
    }

    private static void assertRefused(String message, String text, String... overrides) {
        String actual = assertThrows(IllegalArgumentException.class, () -> parse(text, overrides)).getMessage();
        assertTrue(actual.startsWith("r.yaml: ") && actual.contains(message), actual);
    }

    @Test
    void defaultsAreRoentGens() {
        TrainingRecipe recipe = parse(FINETUNE);
        assertEquals(new FineTune(), recipe.method());
        assertEquals(new ModelSettings("sd", Optional.empty(), true, false, false, false, Optional.empty()),
                recipe.model());
        assertEquals(new AdamW(0.9, 0.999, 1e-2, 1e-8), recipe.optimizer());
        assertEquals(new Constant(5e-5), recipe.schedule(100));
        assertEquals(10, recipe.steps().seed());
        assertEquals(1, recipe.steps().maxGradNorm());
        assertEquals(MixedPrecision.NO, recipe.steps().mixedPrecision());
        assertEquals(512, recipe.data().resolution());
        assertEquals(ImageFit.COVER, recipe.data().imageFit());
        assertEquals(Optional.empty(), recipe.ema());
        assertEquals(0, recipe.loss().conditioningDropout());
        assertEquals(500, recipe.output().checkpointingSteps());
        assertTrue(recipe.output().reportTo().csv() && recipe.output().reportTo().tensorboard());
    }

    @Test
    void aFileIsReadWithItsOverrides() throws IOException {
        Path file = Files.writeString(folder.resolve("a.yaml"), FINETUNE + """
                learning_rate: 1e-4           # a number without a point
                mixed_precision: bf16
                views: [PA, 'AP']
                validation_prompts:
                  - "Effusion: left"
                  - No finding
                snr_gamma: 5
                resume_from_checkpoint: null
                seed: 3
                """);
        TrainingRecipe recipe = TrainingRecipe.load(file, List.of("seed=-4", "views=[LATERAL]", "snr_gamma=",
                "mixed_precision=no", "output_dir=out=1"));
        assertEquals(1e-4, recipe.learningRate().learningRate());
        assertEquals(MixedPrecision.NO, recipe.steps().mixedPrecision());
        assertEquals(List.of("LATERAL"), recipe.data().views());
        assertEquals(List.of("Effusion: left", "No finding"), recipe.validation().prompts());
        assertEquals(OptionalDouble.empty(), recipe.loss().snrGamma());
        assertEquals(-4, recipe.steps().seed());
        assertEquals(Path.of("out=1"), recipe.output().outputDir());
        assertEquals(Optional.empty(), recipe.output().resumeFromCheckpoint());
    }

    @Test
    void methodsHaveKeysOfTheirOwn() {
        assertEquals(new DreamBooth(Path.of("few"), "a film", Optional.empty()), parse(DREAMBOOTH).method());
        assertEquals(5e-6, parse(DREAMBOOTH).learningRate().learningRate());
        assertEquals(new DreamBooth(Path.of("few"), "a film", Optional.of(
                        new TrainingMethod.PriorPreservation(Path.of("many"), "film", 200, 0.5))),
                parse(DREAMBOOTH + "with_prior_preservation: true\nclass_data_dir: many\nclass_prompt: film\n"
                        + "num_class_images: 200\nprior_loss_weight: 0.5").method());
        assertEquals(new TextualInversion("<film>", "film"), parse(INVERSION).method());
        assertEquals(new Lora(8, 16, List.of("to_q")),
                parse(FINETUNE + "method: lora\nrank: 8\nlora_alpha: 16\nlora_layers: to_q").method());
        assertEquals(new Lora(4, 4, Lora.ATTENTION), parse(FINETUNE + "method: lora").method());
        assertEquals(new TextualProjection(TextualProjection.Loss.HIDDEN_STATES), parse(FINETUNE
                + "method: textual_projection\npretrained_text_encoder_name_or_path: bert\n"
                + "projection_loss: hidden_states").method());
        assertEquals(new Vae(1e-6), parse(FINETUNE + "method: vae").method());
    }

    @Test
    void anotherTextEncoderStaysUnlessAskedFor() {
        String other = FINETUNE + "pretrained_text_encoder_name_or_path: bert\n";
        assertFalse(parse(other).model().trainTextEncoder());
        assertTrue(parse(other, "train_text_encoder=true").model().trainTextEncoder());
        assertFalse(parse(DREAMBOOTH).model().trainTextEncoder());
    }

    @Test
    void schedulesSeeTheWholeTraining() {
        String batches = FINETUNE + "train_batch_size: 3\ngradient_accumulation_steps: 2\n";
        assertEquals(new Cosine(2e-5, 5, 7), parse(batches + "lr_scheduler: cosine\nlr_warmup_steps: 5\n"
                + "learning_rate: 2e-5\n").schedule(100));
        TrainingRecipe epochs = parse(batches + "lr_scheduler: cosine_with_restarts\nlr_num_cycles: 2\n"
                + "lr_warmup_steps: 0\nscale_lr: true\nnum_train_epochs: 3\n", "max_train_steps=null");
        // 100 samples, 6 a step: 17 steps an epoch.
        assertEquals(51, epochs.steps().totalSteps(100));
        assertEquals(new CosineWithRestarts(6 * 5e-5, 0, 51, 2), epochs.schedule(100));
        assertEquals(Cyclic.triangular(5e-5, 1e-3, 40),
                parse(FINETUNE + "lr_scheduler: cyclic\nmax_lr: 1e-3\nstep_size_up: 40").schedule(1));
        assertEquals(7, parse(FINETUNE + "num_train_epochs: 90").steps().totalSteps(100));
    }

    @Test
    void anEmaIsThereWhenItIsAskedFor() {
        assertEquals(Optional.of(new EmaDecay(0.99, 0.1, 4, true, 2, 0.75)), parse(FINETUNE
                + "use_ema: true\nema_decay: 0.99\nema_min_decay: 0.1\nema_update_after_step: 4\n"
                + "use_ema_warmup: true\nema_inv_gamma: 2\nema_power: 0.75\n").ema());
        assertEquals(Optional.of(EmaDecay.of(0.9999)), parse(FINETUNE + "use_ema: true").ema());
        assertEquals(Optional.empty(), parse(FINETUNE + "ema_decay: 0.99").ema());
    }

    @Test
    void whatIsWrittenReadsBack() {
        for (String text : List.of(FINETUNE, DREAMBOOTH, INVERSION, FINETUNE + "method: lora\nrank: 8",
                DREAMBOOTH + "with_prior_preservation: true\nclass_data_dir: many\nclass_prompt: 'yes: #1'",
                FINETUNE + "method: vae\nrandom_vae: true\nreport_to: csv\nlr_scheduler: polynomial\nlr_power: 2",
                FINETUNE + "optimizer: sgd\nmomentum: 0.9\nprediction_type: v_prediction\nuse_ema: true\n"
                        + "views: [PA]\nvalidation_prompts: ['1e3', 'no', \"tube\\nline\"]\nsnr_gamma: 5\n"
                        + "checkpoints_total_limit: 2\nresume_from_checkpoint: latest\nmax_train_samples: 9",
                FINETUNE + "lr_scheduler: piecewise_constant\nlr_step_rules: '1:10,0.1'")) {
            TrainingRecipe recipe = parse(text);
            TrainingRecipe again = parse(recipe.toYaml());
            // What has no effect is not written, so it is the written form that must be the same.
            assertEquals(recipe.toYaml(), again.toYaml());
            assertEquals(recipe.method(), again.method());
            assertEquals(recipe.validation(), again.validation());
            assertEquals(recipe.decisive(), again.decisive());
        }
        assertEquals(new Sgd(0.9), parse(FINETUNE + "optimizer: sgd\nmomentum: 0.9\nadam_beta1: 0.8").optimizer());
        assertEquals(Optional.of(PredictionType.V_PREDICTION),
                parse(FINETUNE + "prediction_type: v_prediction").model().predictionType());
    }

    @Test
    void onlyWhatChangesTheResultIsDecisive() {
        TrainingRecipe recipe = parse(FINETUNE);
        assertEquals(recipe.decisive(), parse(FINETUNE, "max_train_steps=90", "output_dir=x", "report_to=none",
                "validation_prompts=[a]", "resume_from_checkpoint=latest", "checkpointing_steps=3").decisive());
        assertEquals("5.0E-5", recipe.decisive().get("learning_rate"));
        assertEquals("1.0E-4", parse(FINETUNE, "learning_rate=1e-4").decisive().get("learning_rate"));
        assertFalse(recipe.decisive().containsKey("max_train_steps"));
        assertEquals("7", parse(FINETUNE, "lr_scheduler=linear").decisive().get("max_train_steps"));
    }

    @Test
    void wrongKeysAndValuesAreNamed() {
        assertRefused("line 4: unknown key 'learning_rat'; similar: 'learning_rate'", FINETUNE + "learning_rat: 1");
        assertRefused("--set: unknown key 'sed'; similar: 'seed'", FINETUNE, "sed=1");
        assertRefused("line 4: seed must be a whole number, not '1.5'", FINETUNE + "seed: 1.5");
        assertRefused("line 4: learning_rate must be a number, not 'fast'", FINETUNE + "learning_rate: fast");
        assertRefused("learning_rate must be a number, not '1d'", FINETUNE + "learning_rate: 1d");
        assertRefused("learning_rate must be a number, not '.inf'", FINETUNE + "learning_rate: .inf");
        assertRefused("use_ema must be true or false, not 'yes'", FINETUNE + "use_ema: yes");
        assertRefused("mixed_precision must be no, bf16, not 'fp16'", FINETUNE + "mixed_precision: fp16");
        assertRefused("line 4: seed must be a whole number, not a list", FINETUNE + "seed: [1]");
        assertRefused("line 5: 'seed' is there twice", FINETUNE + "seed: 1\nseed: 2");
        assertRefused("line 4: the value of 'seed'", FINETUNE + "seed: {a: b}");
        assertRefused("line 4: the value of 'seed'", FINETUNE + "seed: *anchor");
        assertRefused("is not valid YAML", FINETUNE + "seed: [1");
        assertRefused("a recipe is a list of lines", "- a\n- b");
        assertRefused("here a second begins", FINETUNE + "---\nseed: 1");
        assertRefused("--set seed: is written key=value", FINETUNE, "seed");
        assertRefused("a list is written [a, b]", FINETUNE, "views=[PA");
    }

    @Test
    void valuesOutOfRangeAreNamed() {
        for (String setting : List.of("learning_rate: 0", "train_batch_size: 0", "gradient_accumulation_steps: -1",
                "adam_beta1: 1", "adam_epsilon: 0", "adam_weight_decay: -1", "momentum: 1", "conditioning_dropout: 1.1",
                "snr_gamma: 0", "noise_offset: -0.1", "validation_split: 1", "resolution: 100", "max_grad_norm: -1",
                "checkpointing_steps: 0", "checkpoints_total_limit: 0", "ema_decay: 2", "lr_num_cycles: 0",
                "lr_warmup_steps: -1", "lr_power: 0", "dataloader_num_workers: -1", "max_train_steps: 0",
                "validation_steps: 0", "num_validation_images: 0", "max_train_samples: 0", "step_size_up: 0",
                "max_lr: 0", "image_fit: crop")) {
            String[] parts = setting.split(": ");
            assertRefused(parts[0] + " must", FINETUNE, parts[0] + "=" + parts[1]);
        }
        assertRefused("step rules", FINETUNE + "lr_step_rules: '10:x'");
        assertRefused("exclude each other", FINETUNE + "method: lora\nrandom_unet: true");
        assertRefused("rank must be positive", FINETUNE + "method: lora\nrank: 0");
        assertRefused("num_class_images must be positive", DREAMBOOTH + "with_prior_preservation: true\n"
                + "class_data_dir: many\nclass_prompt: film\nnum_class_images: 0");
    }

    @Test
    void whatIsMissingOrDoesNotGoTogetherIsNamed() {
        assertRefused("pretrained_model_name_or_path is missing", "max_train_steps: 1\ntrain_data_dir: a");
        assertRefused("pretrained_model_name_or_path is missing", "");
        assertRefused("max_train_steps or num_train_epochs", FINETUNE, "max_train_steps=");
        assertRefused("train_data_dir is missing", MINIMAL);
        assertRefused("method dreambooth needs instance_data_dir", MINIMAL + "method: dreambooth");
        assertRefused("needs class_data_dir", DREAMBOOTH + "with_prior_preservation: true\n");
        assertRefused("train_data_dir has no meaning", DREAMBOOTH + "train_data_dir: a");
        assertRefused("line 4: rank does not belong to method finetune", FINETUNE + "rank: 4");
        assertRefused("needs placeholder_token", FINETUNE + "method: textual_inversion");
        assertRefused("train_text_encoder exclude", INVERSION + "train_text_encoder: true");
        assertRefused("needs pretrained_text_encoder_name_or_path", FINETUNE + "method: textual_projection");
        assertRefused("random_vae needs method vae", FINETUNE + "random_vae: true");
        assertRefused("cache_text_embeddings needs", FINETUNE + "cache_text_embeddings: true");
        assertRefused("cache_text_embeddings needs", INVERSION + "cache_text_embeddings: true");
        assertRefused("cache_latents exclude", FINETUNE + "method: vae\ncache_latents: true");
        assertRefused("conditioning_dropout exclude", FINETUNE + "method: vae\nconditioning_dropout: 0.1");
        assertRefused("random_text_encoder needs", FINETUNE + "random_text_encoder: true\ntrain_text_encoder: false");
        assertRefused("piecewise_constant needs", FINETUNE + "lr_scheduler: piecewise_constant");
        assertRefused("cyclic needs max_lr", FINETUNE + "lr_scheduler: cyclic");
        assertRefused("learning rate must be larger", FINETUNE + "lr_scheduler: polynomial\nlearning_rate: 1e-8");
    }

    /// The list of keys and the code that reads them must not drift apart.
    @Test
    void everyKeyIsReadBySomeMethod() {
        Set<String> asked = new HashSet<>();
        for (String method : List.of("", "dreambooth", "textual_inversion", "lora", "textual_projection", "vae")) {
            String text = switch (method) {
                case "" -> FINETUNE;
                case "dreambooth" -> DREAMBOOTH;
                case "textual_inversion" -> INVERSION;
                case "textual_projection" ->
                        FINETUNE + "method: textual_projection\npretrained_text_encoder_name_or_path: bert";
                default -> FINETUNE + "method: " + method;
            };
            RecipeFields fields = new RecipeFields(RecipeEntries.parse(text));
            TrainingRecipe.read(fields);
            asked.addAll(fields.asked());
        }
        assertEquals(RecipeKeys.ALL, asked);
        assertTrue(RecipeKeys.ALL.containsAll(RecipeKeys.INDIFFERENT));
        assertTrue(RecipeKeys.ALL.containsAll(RecipeKeys.LENGTH));
    }

    @Test
    void anUnreadableFileIsNamed() throws IOException {
        Path file = Files.write(folder.resolve("latin.yaml"), new byte[] {'a', ':', ' ', (byte) 0xe4, '\n'});
        assertTrue(assertThrows(IllegalArgumentException.class, () -> TrainingRecipe.load(file, List.of()))
                .getMessage().contains("latin.yaml: is not valid UTF-8"));
        assertThrows(IOException.class, () -> TrainingRecipe.load(folder.resolve("none.yaml"), List.of()));
        assertEquals(OptionalInt.empty(), parse(FINETUNE).output().checkpointsTotalLimit());
    }
}
