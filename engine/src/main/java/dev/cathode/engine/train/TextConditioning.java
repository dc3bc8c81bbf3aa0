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
import dev.cathode.weights.Checkpoint;
import dev.cathode.weights.DType;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Captions to hidden states by a frozen text encoder. Captions repeat, so the latest ones are remembered.
final class TextConditioning implements Captions {
    private static final long REMEMBERED_BYTES = 256L << 20;

    private final String prefix;
    private final TextModel text;
    private final Tokenizer tokenizer;
    private final CompiledNetwork<Integer> network;
    private final Map<String, float[]> remembered;

    TextConditioning(Device device, TrainedModel model) {
        this(device, model.weights(), TrainedModel.TEXT, model.text(), model.tokenizer());
    }

    /// @param prefix of the text encoder's parameters
    TextConditioning(Device device, Checkpoint weights, String prefix, TextModel text, Tokenizer tokenizer) {
        this.prefix = prefix;
        this.text = text;
        this.tokenizer = tokenizer;
        network = new CompiledNetwork<>(device, device.weights(weights), this::graph, CompileOptions.defaults(), 1);
        long most = Math.max(1, REMEMBERED_BYTES / (4L * count()));
        remembered = new LinkedHashMap<>(16, 0.75f, true) {
            private static final long serialVersionUID = 1;

            @Override
            protected boolean removeEldestEntry(Map.Entry<String, float[]> eldest) {
                return size() > most;
            }
        };
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
        return remembered.computeIfAbsent(caption, words -> {
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
    }
}
