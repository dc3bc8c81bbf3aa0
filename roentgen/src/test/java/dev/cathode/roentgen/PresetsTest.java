package dev.cathode.roentgen;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.engine.train.LearningRateSchedule.Constant;
import dev.cathode.engine.train.recipe.MixedPrecision;
import dev.cathode.engine.train.recipe.OptimizerSettings.AdamW;
import dev.cathode.engine.train.recipe.TrainingMethod.DreamBooth;
import dev.cathode.engine.train.recipe.TrainingMethod.FineTune;
import dev.cathode.engine.train.recipe.TrainingRecipe;
import dev.cathode.roentgen.data.SetRules;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/// The recipes that ship, against the paper's table of experiments (roentgen.md B.4).
class PresetsTest {
    private static final Path RECIPES = Path.of(System.getProperty("basedir", "."), "..", "recipes");
    private static final String SD = "CompVis/stable-diffusion-v1-4";
    private static final List<String> PA = List.of("PA");

    /// A row: what is trained, from what, on what, how long.
    private record Row(String name, Optional<String> textEncoder, boolean trainTextEncoder, boolean randomUnet,
            List<String> views, double learningRate, long steps) {
        Row(String name, String textEncoder, boolean trainTextEncoder, boolean randomUnet, double rate, long steps) {
            this(name, textEncoder.equals("CLIP") ? Optional.empty() : Optional.of(textEncoder), trainTextEncoder,
                    randomUnet, PA, rate, steps);
        }
    }

    private static final List<Row> TABLE = List.of(
            new Row("roentgen-1e-4-1k", "CLIP", true, false, 1e-4, 1000),
            new Row("roentgen-1e-4-12.5k", "CLIP", true, false, 1e-4, 12_500),
            new Row("roentgen-1e-4-60k", "CLIP", true, false, 1e-4, 60_000),
            new Row("roentgen-5e-5-1k", "CLIP", true, false, 5e-5, 1000),
            new Row("roentgen-5e-5-12.5k", "CLIP", true, false, 5e-5, 12_500),
            new Row("roentgen-5e-5-60k", "CLIP", true, false, 5e-5, 60_000),
            new Row("rnd-unet-1k", "CLIP", true, true, 5e-5, 1000),
            new Row("rnd-unet-60k", "CLIP", true, true, 5e-5, 60_000),
            new Row("rnd-unet-only-60k", "CLIP", false, true, 5e-5, 60_000),
            new Row("unet-only-60k", "CLIP", false, false, 5e-5, 60_000),
            new Row("radbert-1k", "StanfordAIMI/RadBERT", false, true, 5e-5, 1000),
            new Row("radbert-12.5k", "StanfordAIMI/RadBERT", false, true, 5e-5, 12_500),
            new Row("radbert-60k", "StanfordAIMI/RadBERT", false, true, 5e-5, 60_000),
            new Row("sapbert-60k", "cambridgeltl/SapBERT-from-PubMedBERT-fulltext", false, true, 5e-5, 60_000),
            new Row("multi-view-60k", Optional.empty(), true, false, SetRules.VIEW_ORDER, 5e-5, 60_000),
            new Row("data-aug-small-12.5k", "CLIP", true, false, 5e-5, 12_500),
            new Row("data-aug-big-60k", "CLIP", true, false, 5e-5, 60_000));

    @TestFactory
    Stream<DynamicTest> presetsAreThePapersExperiments() {
        return TABLE.stream().map(row -> DynamicTest.dynamicTest(row.name, () -> compare(row)));
    }

    private static void compare(Row row) throws IOException {
        TrainingRecipe recipe = load(row.name);
        assertInstanceOf(FineTune.class, recipe.method());
        assertEquals(row.textEncoder, recipe.model().pretrainedTextEncoderNameOrPath());
        assertEquals(row.trainTextEncoder, recipe.model().trainTextEncoder());
        assertEquals(row.randomUnet, recipe.model().randomUnet());
        assertEquals(row.views, recipe.data().views());
        assertEquals(row.steps, recipe.steps().totalSteps(38_009));
        assertEquals(new Constant(row.learningRate), recipe.schedule(38_009));
        assertEquals(256, recipe.steps().samplesPerStep());
        assertEquals(0, recipe.loss().conditioningDropout());
        assertTrue(recipe.ema().isEmpty());
        assertOptimization(recipe);
    }

    @Test
    void dreamBoothTrainsTheUNetWithPriorPreservation() throws IOException {
        TrainingRecipe recipe = load("dreambooth");
        DreamBooth method = assertInstanceOf(DreamBooth.class, recipe.method());
        assertEquals(1, method.prior().orElseThrow().priorLossWeight());
        assertEquals(100, method.prior().orElseThrow().numClassImages());
        assertFalse(recipe.model().trainTextEncoder());
        assertEquals(new Constant(5e-6), recipe.schedule(5));
        assertEquals(4, recipe.steps().samplesPerStep());
        assertOptimization(recipe);
    }

    @Test
    void everyRecipeThatShipsIsOne() throws IOException {
        try (Stream<Path> files = Files.list(RECIPES)) {
            List<Path> recipes = files.filter(f -> f.toString().endsWith(".yaml")).toList();
            assertTrue(recipes.size() > TABLE.size(), () -> recipes.toString());
            for (Path file : recipes) {
                TrainingRecipe recipe = TrainingRecipe.load(file, List.of());
                assertEquals(recipe, TrainingRecipe.parse(recipe.toYaml(), "written", List.of()), file.toString());
            }
        }
    }

    private static void assertOptimization(TrainingRecipe recipe) {
        assertEquals(SD, recipe.model().pretrainedModelNameOrPath());
        assertEquals(new AdamW(0.9, 0.999, 1e-2, 1e-8), recipe.optimizer());
        assertEquals(1, recipe.steps().maxGradNorm());
        assertEquals(MixedPrecision.BF16, recipe.steps().mixedPrecision());
        assertEquals(10, recipe.steps().seed());
        assertEquals(512, recipe.data().resolution());
    }

    private static TrainingRecipe load(String name) throws IOException {
        return TrainingRecipe.load(RECIPES.resolve(name + ".yaml"), List.of());
    }
}
