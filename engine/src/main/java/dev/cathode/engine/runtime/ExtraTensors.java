package dev.cathode.engine.runtime;

import dev.cathode.engine.graph.Graph;
import dev.cathode.weights.Checkpoint;
import dev.cathode.weights.CheckpointException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// Tensors of a checkpoint that no part of a network reads: a sign that the config describes another network.
public final class ExtraTensors {
    private ExtraTensors() { }

    /// Refuses a checkpoint that has more than the network.
    ///
    /// @param graphs all graphs of the network (encoder and decoder of a VAE)
    /// @param harmless regular expressions of names that may be there
    /// @throws CheckpointException that names them
    public static void refuse(Checkpoint checkpoint, List<Graph> graphs, List<String> harmless) {
        Set<String> known = new HashSet<>();
        graphs.forEach(graph -> known.addAll(graph.parameters().keySet()));
        List<String> extra = checkpoint.names().stream()
                .filter(name -> !known.contains(name) && harmless.stream().noneMatch(name::matches)).toList();
        if (!extra.isEmpty()) {
            throw new CheckpointException(checkpoint.source() + " has " + extra.size()
                    + " tensors that the model's config has no place for, so the two do not belong together: "
                    + String.join(", ", extra.subList(0, Math.min(extra.size(), 5))) + (extra.size() > 5 ? ", …" : ""));
        }
    }
}
