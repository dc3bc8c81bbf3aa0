package dev.cathode.engine.train;

import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.graph.Value;
import dev.cathode.engine.nn.Scope;
import dev.cathode.engine.runtime.Device;
import dev.cathode.engine.runtime.Executable;
import dev.cathode.engine.train.recipe.TrainingRecipe;
import dev.cathode.weights.DType;
import java.util.Arrays;
import java.util.List;

/// How captions get into a graph of training: as ids where the text encoder is part of it, as hidden states where it is
/// frozen and runs beside it.
interface Captions extends AutoCloseable {
    /// Adds inputs for captions and what makes hidden states `[N, length, C]` of them.
    ///
    /// @param at where the text encoder is
    Value addTo(Scope at, int batch);

    /// Sets those inputs.
    void set(Executable executable, List<String> captions);

    @Override
    void close();

    /// The way for a recipe.
    static Captions of(Device device, TrainingRecipe recipe, TrainedModel model) {
        return recipe.model().trainTextEncoder() ? new Ids(model) : new TextConditioning(device, recipe, model);
    }

    /// Ids for a text encoder in the graph.
    record Ids(TrainedModel model) implements Captions {
        @Override
        public Value addTo(Scope at, int batch) {
            Graph graph = at.graph();
            return model.text().forward(at,
                    graph.input("input_ids", DType.I32, Shape.of(batch, model.text().length())));
        }

        @Override
        public void set(Executable executable, List<String> captions) {
            int length = model.text().length();
            executable.set("input_ids", captions.stream().flatMapToInt(caption ->
                    Arrays.stream(model.tokenizer().encode(caption, length).ids())).toArray());
        }

        @Override
        public void close() { }
    }
}
