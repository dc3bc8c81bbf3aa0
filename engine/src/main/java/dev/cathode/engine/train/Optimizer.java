package dev.cathode.engine.train;

import dev.cathode.engine.graph.Op;
import dev.cathode.engine.graph.UpdateOp;
import dev.cathode.engine.graph.Value;
import java.util.ArrayList;
import java.util.List;

/// How gradients change parameters.
public sealed interface Optimizer {
    /// AdamW: Adam with decoupled weight decay (Loshchilov & Hutter 2019, https://arxiv.org/abs/1711.05101), as
    /// `torch.optim.AdamW`. The decay acts on every parameter.
    ///
    /// @param beta1 decay of the gradient's moving average
    /// @param beta2 decay of the squared gradient's moving average
    /// @param epsilon added to the denominator
    /// @param weightDecay share of a parameter that a step with learning rate 1 takes away
    record AdamW(double beta1, double beta2, double epsilon, double weightDecay) implements Optimizer {
        /// PyTorch's defaults, which diffusers' scripts use: 0.9, 0.999, 1e-8, 0.01.
        public static AdamW defaults() {
            return new AdamW(0.9, 0.999, 1e-8, 0.01);
        }
    }

    /// Adam (Kingma & Ba 2015, https://arxiv.org/abs/1412.6980), as `torch.optim.Adam`: weight decay is added to the
    /// gradient.
    record Adam(double beta1, double beta2, double epsilon, double weightDecay) implements Optimizer { }

    /// Stochastic gradient descent with momentum, as `torch.optim.SGD`.
    record Sgd(double momentum, double weightDecay, boolean nesterov) implements Optimizer { }

    /// The names of the tensors that it remembers for each parameter, as PyTorch names them.
    default List<String> slots() {
        return switch (this) {
            case AdamW _, Adam _ -> List.of("exp_avg", "exp_avg_sq");
            case Sgd _ -> List.of("momentum_buffer");
        };
    }

    /// Adds a step to a graph.
    ///
    /// @param parameter the parameter
    /// @param slots its remembered tensors, in the order of [#slots()]
    /// @param gradient its gradient
    /// @param learningRate `[]`
    /// @param step `[]` (I32), 1 in the first
    /// @param factor `[]`, multiplies the gradient; if it is not finite nothing changes
    default void update(Value parameter, List<Value> slots, Value gradient, Value learningRate, Value step, Value factor) {
        Op op = switch (this) {
            case AdamW a -> new UpdateOp.Adam(a.beta1, a.beta2, a.epsilon, a.weightDecay, true);
            case Adam a -> new UpdateOp.Adam(a.beta1, a.beta2, a.epsilon, a.weightDecay, false);
            case Sgd s -> new UpdateOp.Sgd(s.momentum, s.weightDecay, s.nesterov);
        };
        var inputs = new ArrayList<Value>();
        inputs.add(parameter);
        inputs.addAll(slots);
        inputs.addAll(List.of(gradient, learningRate, step, factor));
        parameter.graph().effect(parameter.graph().add(op, inputs));
    }
}
