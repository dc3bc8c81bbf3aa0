package dev.cathode.engine.nn;

import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Ops;
import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.graph.UpdateOp;
import dev.cathode.engine.graph.Value;
import java.util.List;

/// The running statistics of a batch normalisation, and what a batch adds to them. All `[C]`.
///
/// @param runningMean a parameter, the moving average of means
/// @param mean of the batch
/// @param runningVariance a parameter, the moving average of variances
/// @param variance of the batch, divided by one less than the number of rows
public record RunningStatistics(Value runningMean, Value mean, Value runningVariance, Value variance) {
    /// PyTorch's usual share of a new batch.
    public static final double MOMENTUM = 0.1;

    /// Adds the update `running += momentum · (batch - running)` of both to the graph.
    ///
    /// @param guard a scalar such as the loss: if it is not finite, nothing changes
    public void update(double momentum, Value guard) {
        Graph graph = guard.graph();
        Value weight = Ops.fill(graph, (float) momentum, Shape.of());
        graph.effect(graph.add(new UpdateOp.Average(), List.of(runningMean, mean, weight, guard)));
        graph.effect(graph.add(new UpdateOp.Average(), List.of(runningVariance, variance, weight, guard)));
    }
}
