package dev.cathode.engine.graph;

/// Operations that change a parameter in place. Their result is a scalar that says nothing; a graph keeps them by
/// [Graph#effect]. They run where they stand: whatever reads the parameter's old numbers must stand before, and does,
/// if an update is added once the gradient is known.
///
/// The first inputs are what changes; they must be among the device's variables. `factor` (a scalar) multiplies
/// the gradient; if it is not finite, nothing changes.
public sealed interface UpdateOp extends Op {
    /// AdamW (Loshchilov & Hutter 2019, https://arxiv.org/abs/1711.05101) or, if not `decoupled`, Adam with L2 penalty,
    /// as PyTorch computes them. Inputs: parameter, first moment, second moment, gradient, learning rate `[]`, step `[]`
    /// (I32, 1 in the first), factor `[]`.
    record Adam(double beta1, double beta2, double epsilon, double weightDecay, boolean decoupled)
            implements UpdateOp { }

    /// PyTorch's SGD. Inputs: parameter, momentum buffer, gradient, learning rate `[]`, step `[]` (I32), factor `[]`.
    record Sgd(double momentum, double weightDecay, boolean nesterov) implements UpdateOp { }

    /// `average += weight · (x - average)`: a moving average of parameters (the weight is 1 - decay), or running
    /// statistics. Inputs: average, x, weight `[]`, factor `[]` (only asked whether it is finite).
    record Average() implements UpdateOp { }

    /// `sum += x`. Inputs: sum, x.
    record Accumulate() implements UpdateOp { }

    /// Sets a parameter to zero. Input: the parameter.
    record Clear() implements UpdateOp { }
}
