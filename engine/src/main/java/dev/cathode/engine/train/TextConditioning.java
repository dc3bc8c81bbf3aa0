package dev.cathode.engine.train;

import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.graph.Value;
import dev.cathode.engine.models.TextModel;
import dev.cathode.engine.nn.Scope;
import dev.cathode.engine.runtime.CompileOptions;
import dev.cathode.engine.runtime.CompiledNetwork;
import dev.cathode.engine.runtime.Device;
import dev.cathode.engine.runtime.Executable;
import dev.cathode.engine.text.Tokenizer;
import dev.cathode.engine.train.recipe.TrainingRecipe;
import dev.cathode.weights.Checkpoint;
import dev.cathode.weights.DType;
import java.util.Arrays;
import java.util.List;

/// Captions to hidden states by a frozen text encoder.
final class TextConditioning implements Captions {
    private final String prefix;
    private final TextModel text;
    private final Tokenizer tokenizer;
    private final CompiledNetwork<Integer> network;
    private final TextCache cache;

    TextConditioning(Device device, TrainingRecipe recipe, TrainedModel model) {
        this(device, recipe, model, model.text());
    }

    /// @param text the model's, or a part of it
    TextConditioning(Device device, TrainingRecipe recipe, TrainedModel model, TextModel text) {
        this(device, model.weights(), TrainedModel.TEXT, text, model.tokenizer(),
                TextCache.of(recipe, "text_embeddings.cache", text.length() * text.hiddenSize()));
    }

    /// @param prefix of the text encoder's parameters
    /// @param cache closed with this
    TextConditioning(Device device, Checkpoint weights, String prefix, TextModel text, Tokenizer tokenizer,
                     TextCache cache) {
        this.prefix = prefix;
        this.text = text;
        this.tokenizer = tokenizer;
        network = new CompiledNetwork<>(device, device.weights(weights), this::graph, CompileOptions.defaults(), 1);
        this.cache = cache;
    }

    private Graph graph(int batch) {
        Graph graph = new Graph();
        Value ids = graph.input("input_ids", DType.I32, Shape.of(batch, text.length()));
        graph.output("states", text.forward(new Scope(graph, prefix), ids));
        return graph;
    }

    /// Numbers of the hidden states of one caption.
    int count() {
        return text.length() * text.hiddenSize();
    }

    /// The hidden states of a caption, `[length, hidden]`.
    float[] encode(String caption) {
        return cache.states(caption, words -> {
            Executable executable = network.at(1);
            executable.set("input_ids", tokenizer.encode(words, text.length()).ids());
            executable.run();
            return Arrays.copyOf(executable.get("states"), count());
        });
    }

    @Override
    public Value addTo(Scope at, int batch) {
        return at.graph().input("encoder_hidden_states", DType.F32,
                Shape.of(batch, text.length(), text.hiddenSize()));
    }

    @Override
    public void set(Executable executable, List<String> captions) {
        float[] states = new float[captions.size() * count()];
        for (int i = 0; i < captions.size(); i++) {
            System.arraycopy(encode(captions.get(i)), 0, states, i * count(), count());
        }
        executable.set("encoder_hidden_states", states);
    }

    @Override
    public void close() {
        network.close();
        cache.close();
    }
}
