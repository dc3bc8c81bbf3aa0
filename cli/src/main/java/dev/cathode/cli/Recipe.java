package dev.cathode.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// Everything that a picture depends on; written into the picture's file.
///
/// @param scheduler the name given, empty for the model's own
/// @param model the name of its file or folder, without folders around it
/// @param loras what was added to the model
/// @param image what the picture starts from, if not from noise; `strength` counts only then
record Recipe(String prompt, String negativePrompt, long seed, int steps, double guidanceScale, ImageSize size,
              String scheduler, String model, String variant, String dtype, int clipSkip, double strength,
              List<Lora> loras, Optional<InputFile> image, Optional<InputFile> mask, Optional<InputFile> latents) {
    /// An addition to the model, and how much of it.
    record Lora(InputFile file, double scale) { }

    /// The names of the two texts in a picture file: what other programs read, and ours.
    static final String FOR_OTHERS = "parameters";
    static final String FOR_US = "cathode";

    private static final String VERSION = "version";
    private static final String SEED = "seed";

    /// The recipe of another picture by the same model, from the same files.
    Recipe with(String newPrompt, String newNegative, long newSeed, int newSteps, double newScale, ImageSize newSize) {
        return new Recipe(newPrompt, newNegative, newSeed, newSteps, newScale, newSize, scheduler, model, variant,
                dtype, clipSkip, strength, loras, image, mask, latents);
    }

    /// The texts to write into a picture file.
    Map<String, String> texts() {
        Map<String, String> texts = new LinkedHashMap<>();
        texts.put(FOR_OTHERS, forOthers());
        texts.put(FOR_US, Json.line(json()));
        return texts;
    }

    /// The form that AUTOMATIC1111's web interface made common.
    private String forOthers() {
        StringBuilder text = new StringBuilder(prompt);
        if (!negativePrompt.isEmpty()) {
            text.append("\nNegative prompt: ").append(negativePrompt);
        }
        text.append("\nSteps: ").append(steps);
        if (!scheduler.isEmpty()) {
            text.append(", Sampler: ").append(scheduler);
        }
        text.append(", CFG scale: ").append(number(guidanceScale)).append(", Seed: ").append(seed)
                .append(", Size: ").append(size).append(", Model: ").append(model);
        if (image.isPresent()) {
            text.append(", Denoising strength: ").append(number(strength));
        }
        if (clipSkip > 0) {
            text.append(", Clip skip: ").append(clipSkip + 1); // there, 1 means that none is skipped
        }
        if (!loras.isEmpty()) {
            text.append(", LoRAs: ").append(loras.stream().map(lora -> lora.file.name() + ":" + number(lora.scale))
                    .collect(Collectors.joining(" ")));
        }
        return text.append(", Version: cathode ").append(Version.number()).toString();
    }

    private static String number(double value) {
        return value == Math.rint(value) ? Long.toString((long) value) : Double.toString(value);
    }

    /// All fields; those that play no part are left out.
    ObjectNode json() {
        ObjectNode json = Json.object();
        json.put(VERSION, Version.number()).put("prompt", prompt).put("negativePrompt", negativePrompt)
                .put(SEED, seed).put("steps", steps).put("guidanceScale", guidanceScale)
                .put("width", size.width()).put("height", size.height()).put("model", model).put("dtype", dtype)
                .put("clipSkip", clipSkip);
        if (!scheduler.isEmpty()) {
            json.put("scheduler", scheduler);
        }
        if (!variant.isEmpty()) {
            json.put("variant", variant);
        }
        if (!loras.isEmpty()) {
            ArrayNode list = json.putArray("loras");
            loras.forEach(lora -> list.addObject().put("name", lora.file.name()).put("sha256", lora.file.sha256())
                    .put("scale", lora.scale));
        }
        if (image.isPresent()) {
            json.put("strength", strength);
        }
        put(json, "image", image);
        put(json, "mask", mask);
        put(json, "latents", latents);
        return json;
    }

    private static void put(ObjectNode json, String key, Optional<InputFile> file) {
        file.ifPresent(f -> json.putObject(key).put("name", f.name()).put("sha256", f.sha256()));
    }

    /// What distinguishes the picture that a file's text describes from this one, for people: "steps 50, not 75".
    /// The version of the program does not count.
    ///
    /// @param text what the file says under [#FOR_US]; null if nothing
    /// @param anySeed whether the seed does not count either
    List<String> differences(String text, boolean anySeed) {
        if (text == null) {
            return List.of("no note how it was made");
        }
        JsonNode found;
        try {
            found = Json.MAPPER.readTree(text);
        } catch (JacksonException e) {
            return List.of("an unreadable note how it was made");
        }
        ObjectNode mine = json();
        List<String> keys = new ArrayList<>(mine.propertyNames());
        found.propertyNames().stream().filter(key -> !mine.has(key)).forEach(keys::add);
        keys.remove(VERSION);
        if (anySeed) {
            keys.remove(SEED);
        }
        List<String> differences = new ArrayList<>();
        for (String key : keys) {
            String here = text(mine.get(key));
            String there = text(found.get(key));
            if (!here.equals(there)) {
                differences.add(key + " " + there + ", not " + here);
            }
        }
        return differences;
    }

    private static String text(JsonNode node) {
        return switch (node) {
            case null -> "(none)";
            case JsonNode n when n.isNumber() -> number(n.doubleValue());
            case JsonNode n -> n.toString();
        };
    }
}
