package dev.cathode.weights;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LoraTest {
    private static final Path MODEL = Goldens.topic("pipeline").path("model");
    private static final String LAYER = "mid_block.attentions.0.transformer_blocks.0.attn1.to_out.0";
    private static final String TEXT_LAYER = "text_model.encoder.layers.0.self_attn.q_proj";
    private static final float[] A = {1, 2};
    private static final float[] B = {3, -1};

    @TempDir
    private Path folder;

    private Path write(Map<String, List<Long>> shapes, Map<String, float[]> values, Map<String, String> metadata) {
        List<SafetensorsWriter.Entry> entries = new ArrayList<>();
        values.forEach((name, numbers) -> entries.add(new SafetensorsWriter.Entry(name, DType.F32, shapes.get(name),
                () -> segment(numbers))));
        Path file = folder.resolve("lora.safetensors");
        SafetensorsWriter.write(file, entries, metadata);
        return file;
    }

    private static MemorySegment segment(float[] numbers) {
        MemorySegment data = Arena.ofAuto().allocate(4L * numbers.length, 4);
        MemorySegment.copy(numbers, 0, data, ValueLayout.JAVA_FLOAT, 0, numbers.length);
        return data;
    }

    /// A file with additions of rank 2 to one layer: all factors of a kind are the numbers A or B, over and over.
    private Path lora(String down, String up, Map<String, Float> alphas, Map<String, String> metadata, boolean text) {
        long inputs = side(text);
        Map<String, List<Long>> shapes = new LinkedHashMap<>();
        Map<String, float[]> values = new LinkedHashMap<>();
        shapes.put(down, List.of(2L, inputs));
        values.put(down, repeated(A, inputs));
        shapes.put(up, List.of(inputs, 2L));
        values.put(up, repeated(B, inputs));
        alphas.forEach((name, alpha) -> {
            shapes.put(name, List.of());
            values.put(name, new float[] {alpha});
        });
        return write(shapes, values, metadata);
    }

    private static float[] repeated(float[] pattern, long times) {
        float[] values = new float[(int) (2 * times)];
        for (int i = 0; i < values.length; i++) {
            values[i] = pattern[i % 2];
        }
        return values;
    }

    private static long side(boolean text) {
        try (ModelSource model = ModelSource.open(MODEL)) {
            return weight(model, text).shape().get(0);
        }
    }

    private static FileTensor weight(ModelSource model, boolean text) {
        return model.component(text ? "text_encoder" : "unet").weights()
                .tensor((text ? TEXT_LAYER : LAYER) + ".weight");
    }

    /// What is added to the layer.
    private static float[] added(Path file, double scale, boolean text) {
        try (ModelSource before = ModelSource.open(MODEL); ModelSource after = ModelSource.open(MODEL,
                ModelOptions.DEFAULT.withLoras(List.of(new LoraOption(file, scale))))) {
            float[] old = Conversions.toFloats(weight(before, text));
            float[] now = Conversions.toFloats(weight(after, text));
            for (int i = 0; i < now.length; i++) {
                now[i] -= old[i];
            }
            String other = text ? "text_model.final_layer_norm.weight" : "conv_in.weight";
            String component = text ? "text_encoder" : "unet";
            assertArrayEquals(Conversions.toFloats(before.component(component).weights().tensor(other)),
                    Conversions.toFloats(after.component(component).weights().tensor(other)));
            return now;
        }
    }

    /// B A times a factor, but for the rounding of the sum: each row of A is [1 2 1 2 …], of B [3 -1], so their product
    /// is [2 4 2 4 …] in every row.
    private static void assertAdded(double factor, float[] added) {
        for (int i = 0; i < added.length; i++) {
            assertEquals((i % 2 == 0 ? 2 : 4) * factor, added[i], 4e-6, "number " + i);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "unet.{}.lora.down.weight, unet.{}.lora.up.weight",
        "unet.{}.lora_A.weight, unet.{}.lora_B.weight",
        "base_model.model.{}.lora_A.default.weight, base_model.model.{}.lora_B.default.weight",
        "{}.lora_A.weight, {}.lora_B.weight",
        "unet.mid_block.attentions.0.transformer_blocks.0.attn1.processor.to_out_lora.down.weight,"
            + "unet.mid_block.attentions.0.transformer_blocks.0.attn1.processor.to_out_lora.up.weight",
        "lora_unet_mid_block_attentions_0_transformer_blocks_0_attn1_to_out_0.lora_down.weight,"
            + "lora_unet_mid_block_attentions_0_transformer_blocks_0_attn1_to_out_0.lora_up.weight"})
    void namesOfTheUNet(String down, String up) {
        assertAdded(0.5, added(lora(down.replace("{}", LAYER), up.replace("{}", LAYER), Map.of(), Map.of(), false), 0.5,
                false));
    }

    @ParameterizedTest
    @CsvSource({
        "text_encoder.{}.lora_linear_layer.down.weight, text_encoder.{}.lora_linear_layer.up.weight",
        "text_encoder.{}.lora_A.weight, text_encoder.{}.lora_B.weight",
        "text_encoder.encoder.layers.0.self_attn.q_proj.lora_A.weight,"
            + "text_encoder.encoder.layers.0.self_attn.q_proj.lora_B.weight",
        "text_encoder.text_model.encoder.layers.0.self_attn.to_q_lora.down.weight,"
            + "text_encoder.text_model.encoder.layers.0.self_attn.to_q_lora.up.weight",
        "lora_te_text_model_encoder_layers_0_self_attn_q_proj.lora_down.weight,"
            + "lora_te_text_model_encoder_layers_0_self_attn_q_proj.lora_up.weight"})
    void namesOfTheTextEncoder(String down, String up) {
        assertAdded(1, added(lora(down.replace("{}", TEXT_LAYER), up.replace("{}", TEXT_LAYER), Map.of(), Map.of(),
                true), 1, true));
    }

    @Test
    void alphaIsATensorOrInTheMetadata() {
        String down = "unet." + LAYER + ".lora.down.weight";
        String up = "unet." + LAYER + ".lora.up.weight";
        assertAdded(4, added(lora(down, up, Map.of("unet." + LAYER + ".alpha", 8f), Map.of(), false), 1, false));
        assertAdded(-1.5, added(lora(down, up, Map.of(), metadata("{\"unet.lora_alpha\": 6, \"unet.r\": 2}"), false),
                -0.5, false));
        assertAdded(5, added(lora(down, up, Map.of(), metadata(
                "{\"unet.lora_alpha\": 6, \"unet.alpha_pattern\": {\"attn1.to_out.0\": 10}}"), false), 1, false));
        assertAdded(Math.sqrt(2), added(lora(down, up, Map.of(), metadata("{\"unet.use_rslora\": true}"), false), 1,
                false));
    }

    private static Map<String, String> metadata(String json) {
        return Map.of("lora_adapter_metadata", json);
    }

    @Test
    void severalAddUp() {
        String down = "unet." + LAYER + ".lora.down.weight";
        Path file = lora(down, "unet." + LAYER + ".lora.up.weight", Map.of(), Map.of(), false);
        try (ModelSource before = ModelSource.open(MODEL); ModelSource after = ModelSource.open(MODEL,
                ModelOptions.DEFAULT.withLoras(List.of(new LoraOption(file, 1), new LoraOption(file, 0.25))))) {
            assertEquals(2 * 1.25, Conversions.toFloats(weight(after, false))[0]
                    - Conversions.toFloats(weight(before, false))[0], 1e-6);
        }
    }

    @Test
    void whatDoesNotFitIsNamed() {
        String down = "unet.nowhere.to_q.lora.down.weight";
        String up = "unet.nowhere.to_q.lora.up.weight";
        assertRefused(lora(down, up, Map.of(), Map.of(), false), "does not fit", "unet_nowhere_to_q", "not there");
        assertRefused(lora("unet.conv_in.lora.down.weight", "unet.conv_in.lora.up.weight", Map.of(), Map.of(), false),
                "unet_conv_in", "which is [");
        assertRefused(lora("unet.a.lora.down.weight", "unet.b.lora.up.weight", Map.of(), Map.of(), false),
                "only one", "unet.a.lora.down.weight");
        assertRefused(lora(down, up, Map.of("unet.nowhere.to_q.dora_scale", 1f), Map.of(), false), "DoRA",
                "dora_scale");
        assertRefused(lora("lora_te2_x.lora_down.weight", "lora_te2_x.lora_up.weight", Map.of(), Map.of(), false),
                "Stable Diffusion XL");
        assertRefused(folder.resolve("missing.safetensors"), "missing.safetensors");
        assertThrows(IllegalArgumentException.class, () -> new LoraOption(folder, Double.NaN));
    }

    private static void assertRefused(Path file, String... parts) {
        ModelOptions options = ModelOptions.DEFAULT.withLoras(List.of(new LoraOption(file, 1)));
        try (ModelSource model = ModelSource.open(MODEL, options)) {
            ModelComponent unet = model.component("unet");
            String message = assertThrows(CheckpointException.class, unet::weights).getMessage();
            for (String part : parts) {
                assertTrue(message.contains(part), message);
            }
        }
    }
}
