package dev.cathode.roentgen.classify;

import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Op;
import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.graph.Value;
import dev.cathode.engine.models.DenseNet;
import dev.cathode.engine.nn.RunningStatistics;
import dev.cathode.engine.nn.Scope;
import dev.cathode.weights.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/// The graph of the loss: the mean binary cross-entropy over all labels that are known. Inputs: `pixel_values`
/// `[N, 1, S, S]`, `labels` and `known` `[N, labels]`, both 0 or 1.
final class ClassifierObjective {
    /// Parameters that steps change without gradients.
    static final Predicate<String> RUNNING = name -> name.endsWith(".running_mean") || name.endsWith(".running_var");

    private ClassifierObjective() { }

    static Graph graph(ClassifierConfig config, int batch) {
        Graph graph = new Graph();
        Value pixels = graph.input("pixel_values", DType.F32,
                Shape.of(batch, 1, config.imageSize(), config.imageSize()));
        Value labels = graph.input("labels", DType.F32, Shape.of(batch, config.labels().size()));
        Value known = graph.input("known", DType.F32, labels.shape());
        List<RunningStatistics> statistics = new ArrayList<>();
        Value logits = DenseNet.trainingForward(Scope.root(graph), config.network(), pixels, statistics::add).logits();
        Value loss = graph.add(new Op.BinaryCrossEntropy(true), List.of(logits, labels, known));
        graph.output("loss", loss);
        statistics.forEach(s -> s.update(RunningStatistics.MOMENTUM, loss));
        return graph;
    }
}
