package dev.cathode.engine.diffusion;

import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.models.TextModel;
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

/// Prompts to the hidden states that condition the U-Net.
final class TextEncoder implements AutoCloseable {
    private record Size(int batch, int clipSkip) { }

    /// Encoded prompts.
    ///
    /// @param states `[prompts, length, hidden]`
    /// @param length positions of each prompt
    /// @param cut the end of each prompt that did not fit, or empty
    record Encoded(float[] states, int length, List<String> cut) { }

    private final TextModel model;
    private final Tokenizer tokenizer;
    private final int length;
    private final CompiledNetwork<Size> network;

    /// @param config the folder's config.json
    /// @param file where the config comes from, for messages
    TextEncoder(Device device, JsonNode config, String file, Checkpoint weights, Tokenizer tokenizer) {
        this.tokenizer = tokenizer;
        model = TextModel.parse(config, file);
        length = model.length();
        int rows = model.vocabularySize();
        if (tokenizer.vocabularySize() > rows) {
            throw new CheckpointException("the tokenizer knows " + tokenizer.vocabularySize() + " tokens, but " + file
                    + " has a vocabulary of " + rows + ": they do not belong together");
        }
        network = new CompiledNetwork<>(device, device.weights(weights), this::graph, CompileOptions.defaults(), 2);
    }

    private Graph graph(Size size) {
        return model.graph(size.batch(), size.clipSkip());
    }

    /// Numbers of one hidden state.
    int hiddenSize() {
        return model.hiddenSize();
    }

    /// Encodes prompts together.
    ///
    /// @param clipSkip layers left out at the end
    /// @throws IllegalArgumentException if the network cannot leave out layers
    Encoded encode(List<String> prompts, int clipSkip) {
        if (clipSkip > 0 && !(model instanceof TextModel.Clip)) {
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
