package dev.cathode.engine.diffusion;

import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.models.BertConfig;
import dev.cathode.engine.models.BertModel;
import dev.cathode.engine.models.CLIPTextConfig;
import dev.cathode.engine.models.CLIPTextModel;
import dev.cathode.engine.runtime.CompileOptions;
import dev.cathode.engine.runtime.CompiledNetwork;
import dev.cathode.engine.runtime.Device;
import dev.cathode.engine.runtime.Executable;
import dev.cathode.engine.text.Encoding;
import dev.cathode.engine.text.Tokenizer;
import dev.cathode.weights.Checkpoint;
import dev.cathode.weights.CheckpointException;
import java.util.List;
import java.util.stream.IntStream;
import tools.jackson.databind.JsonNode;

/// Prompts to the hidden states that condition the U-Net: CLIP's text encoder, or a BERT in its place.
///
/// Padding is attended to, as in Stable Diffusion's training: no mask but CLIP's causal one.
final class TextEncoder implements AutoCloseable {
    private static final int MAX_LENGTH = 77;

    /// The networks that can encode text.
    private sealed interface Architecture {
        record Clip(CLIPTextConfig config) implements Architecture { }

        record Bert(BertConfig config) implements Architecture { }
    }

    private record Size(int batch, int clipSkip) { }

    /// Encoded prompts.
    ///
    /// @param states `[prompts, length, hidden]`
    /// @param length positions of each prompt
    /// @param cut the end of each prompt that did not fit, or empty
    record Encoded(float[] states, int length, List<String> cut) { }

    private final Architecture architecture;
    private final Tokenizer tokenizer;
    private final int length;
    private final CompiledNetwork<Size> network;

    /// @param config the folder's config.json
    /// @param file where the config comes from, for messages
    TextEncoder(Device device, JsonNode config, String file, Checkpoint weights, Tokenizer tokenizer) {
        this.tokenizer = tokenizer;
        architecture = architecture(config, file);
        int positions = switch (architecture) {
            case Architecture.Clip(CLIPTextConfig c) -> c.maxPositionEmbeddings();
            case Architecture.Bert(BertConfig c) -> c.maxPositionEmbeddings();
        };
        length = Math.min(MAX_LENGTH, positions);
        int rows = switch (architecture) {
            case Architecture.Clip(CLIPTextConfig c) -> c.vocabSize();
            case Architecture.Bert(BertConfig c) -> c.vocabSize();
        };
        if (tokenizer.vocabularySize() > rows) {
            throw new CheckpointException("the tokenizer knows " + tokenizer.vocabularySize() + " tokens, but " + file
                    + " has a vocabulary of " + rows + ": they do not belong together");
        }
        network = new CompiledNetwork<>(device, device.weights(weights), this::graph, CompileOptions.defaults(), 2);
    }

    private static Architecture architecture(JsonNode config, String file) {
        String type = config.path("model_type").asString("");
        String name = config.path("architectures").path(0).asString("");
        if (type.equals("bert") || name.startsWith("Bert")) {
            return new Architecture.Bert(BertConfig.parse(config, file));
        }
        if (type.startsWith("clip_text") || name.startsWith("CLIPText")) {
            return new Architecture.Clip(CLIPTextConfig.parse(config, file));
        }
        throw new CheckpointException(file + ": model_type \"" + type + "\" is no text encoder known here; there are"
                + " clip_text_model and bert");
    }

    private Graph graph(Size size) {
        return switch (architecture) {
            case Architecture.Clip(CLIPTextConfig c) -> CLIPTextModel.graph(c, size.batch(), length, false, size.clipSkip());
            case Architecture.Bert(BertConfig c) -> BertModel.graph(c, size.batch(), length, false, false);
        };
    }

    /// Numbers of one hidden state.
    int hiddenSize() {
        return switch (architecture) {
            case Architecture.Clip(CLIPTextConfig c) -> c.hiddenSize();
            case Architecture.Bert(BertConfig c) -> c.hiddenSize();
        };
    }

    /// Encodes prompts together.
    ///
    /// @param clipSkip layers left out at the end
    /// @throws IllegalArgumentException if the network cannot leave out layers
    Encoded encode(List<String> prompts, int clipSkip) {
        if (clipSkip > 0 && architecture instanceof Architecture.Bert) {
            throw new IllegalArgumentException("clip skip works with CLIP's text encoder only; this model has a BERT");
        }
        List<Encoding> rows = prompts.stream().map(prompt -> tokenizer.encode(prompt, length)).toList();
        int[] ids = rows.stream().flatMapToInt(row -> IntStream.of(row.ids())).toArray();
        Executable executable = network.at(new Size(prompts.size(), clipSkip));
        executable.set("input_ids", ids);
        if (executable.inputs().containsKey("pooled_positions")) {
            executable.set("pooled_positions", new int[prompts.size()]); // the pooled output is not read
        }
        executable.run();
        return new Encoded(executable.get("last_hidden_state"), length, rows.stream().map(Encoding::truncatedText).toList());
    }

    @Override
    public void close() {
        network.close();
    }
}
