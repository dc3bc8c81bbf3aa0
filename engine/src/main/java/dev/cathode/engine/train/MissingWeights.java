package dev.cathode.engine.train;

import dev.cathode.weights.Checkpoint;
import dev.cathode.weights.CheckpointException;
import dev.cathode.weights.FileTensor;
import dev.cathode.weights.ModelComponent;
import java.util.Map;
import java.util.Set;

/// Stands for weights that are not there: a model whose autoencoder is trained first has no U-Net yet. Whoever asks for
/// one of them is told why there are none.
///
/// @param source what they would be the weights of
/// @param reason why there are none
record MissingWeights(String source, CheckpointException reason) implements Checkpoint {
    /// A component's weights, or this in their place.
    static Checkpoint of(ModelComponent component, String label) {
        try {
            return component.weights();
        } catch (CheckpointException e) {
            return new MissingWeights(label, e);
        }
    }

    @Override
    public Set<String> names() {
        return Set.of();
    }

    @Override
    public FileTensor tensor(String name) {
        throw reason;
    }

    @Override
    public Map<String, String> metadata() {
        return Map.of();
    }

    @Override
    public void release(FileTensor tensor) { }

    @Override
    public void close() { }
}
