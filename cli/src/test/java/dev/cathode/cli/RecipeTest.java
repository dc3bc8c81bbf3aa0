package dev.cathode.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class RecipeTest {
    @Test
    void theCommonForm() {
        assertEquals("a cat\nSteps: 75, CFG scale: 4, Seed: 7, Size: 16x8, Model: sd14, Version: cathode "
                + Version.number(), Recipes.plain("a cat", 7).texts().get("parameters"));
        assertEquals("a \"dög\" 犬\nNegative prompt: blurry\nSteps: 20, Sampler: ddim, CFG scale: 7.5,"
                + " Seed: 12345678901, Size: 64x32, Model: other, Denoising strength: 0.6, Clip skip: 2,"
                + " LoRAs: films.safetensors:0.5, Version: cathode " + Version.number(), Recipes.rich().texts().get("parameters"));
    }

    @Test
    void jsonHoldsEverything() {
        JsonNode json = Json.MAPPER.readTree(Recipes.rich().texts().get("cathode"));
        assertEquals("a \"dög\" 犬", json.get("prompt").stringValue());
        assertEquals("blurry", json.get("negativePrompt").stringValue());
        assertEquals(12_345_678_901L, json.get("seed").longValue());
        assertEquals(7.5, json.get("guidanceScale").doubleValue());
        assertEquals(64, json.get("width").intValue());
        assertEquals("ddim", json.get("scheduler").stringValue());
        assertEquals("0b", json.at("/mask/sha256").stringValue());
        assertEquals(1, json.get("clipSkip").intValue());
        assertEquals("0c", json.at("/loras/0/sha256").stringValue());
        assertEquals(0.5, json.at("/loras/0/scale").doubleValue());
        JsonNode plain = Recipes.plain("a cat", 7).json();
        for (String absent : List.of("scheduler", "variant", "loras", "strength", "image", "mask", "latents")) {
            assertTrue(!plain.has(absent), absent);
        }
    }

    @Test
    void theSameRecipeDoesNotDiffer() {
        for (Recipe recipe : List.of(Recipes.plain("a", 1), Recipes.rich())) {
            assertEquals(List.of(), recipe.differences(recipe.texts().get("cathode"), false));
        }
    }

    @Test
    void theVersionAndAnUnaskedSeedDoNotCount() {
        String text = Recipes.plain("a", 1).texts().get("cathode").replace(Version.number(), "9.9");
        assertEquals(List.of(), Recipes.plain("a", 2).differences(text, true));
        assertEquals(List.of("seed 1, not 2"), Recipes.plain("a", 2).differences(text, false));
    }

    @Test
    void everyOtherFieldCounts() {
        List<String> differences = Recipes.rich().differences(Recipes.plain("a", 1).texts().get("cathode"), false);
        assertEquals(Recipes.rich().json().size() - 1, differences.size(), differences.toString());
        assertTrue(differences.contains("steps 75, not 20"), differences.toString());
        assertTrue(differences.contains("scheduler (none), not \"ddim\""), differences.toString());
        List<String> back = Recipes.plain("a", 1).differences(Recipes.rich().texts().get("cathode"), false);
        assertTrue(back.contains("scheduler \"ddim\", not (none)"), back.toString());
    }

    @Test
    void othersPicturesDiffer() {
        assertEquals(1, Recipes.rich().differences(null, true).size());
        assertEquals(1, Recipes.rich().differences("{broken", true).size());
    }
}
