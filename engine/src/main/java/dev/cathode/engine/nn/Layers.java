package dev.cathode.engine.nn;

import dev.cathode.engine.graph.Op;
import dev.cathode.engine.graph.Ops;
import dev.cathode.engine.graph.Value;
import dev.cathode.kernels.cpu.Activation;

/// The layers that all models share; each takes the module's place in the checkpoint first.
public final class Layers {
    private Layers() { }

    /// `nn.Linear`: `[…, I]` to `[…, out]`.
    public static Value linear(Scope at, Value x, int out) {
        return at.adapted(x, Ops.linear(x, at.parameter("weight", out, x.shape().last()), at.parameter("bias", out)));
    }

    /// `nn.Linear(bias=False)`.
    public static Value linearNoBias(Scope at, Value x, int out) {
        return at.adapted(x, Ops.linear(x, at.parameter("weight", out, x.shape().last()), null));
    }

    /// `nn.Conv2d` with a square filter: `[N, H, W, I]` to `[N, H', W', out]`.
    public static Value conv2d(Scope at, Value x, int out, int kernel, Op.Geometry geometry) {
        return Ops.conv2d(x, at.parameter("weight", out, kernel, kernel, x.shape().last()), at.parameter("bias", out),
                geometry);
    }

    /// `nn.Conv2d(bias=False)` with a square filter.
    public static Value conv2dNoBias(Scope at, Value x, int out, int kernel, Op.Geometry geometry) {
        return Ops.conv2d(x, at.parameter("weight", out, kernel, kernel, x.shape().last()), null, geometry);
    }

    /// The 3×3 convolution that keeps the size.
    public static Value conv3x3(Scope at, Value x, int out) {
        return conv2d(at, x, out, 3, Op.Geometry.of(1, 1));
    }

    /// The 1×1 convolution.
    public static Value conv1x1(Scope at, Value x, int out) {
        return at.adapted(x, conv2d(at, x, out, 1, Op.Geometry.of(1, 0)));
    }

    /// `nn.GroupNorm`.
    public static Value groupNorm(Scope at, Value x, int groups, double epsilon) {
        int channels = x.shape().last();
        return Ops.groupNorm(x, at.parameter("weight", channels), at.parameter("bias", channels), groups, epsilon);
    }

    /// `nn.LayerNorm` over the last axis.
    public static Value layerNorm(Scope at, Value x, double epsilon) {
        int channels = x.shape().last();
        return Ops.layerNorm(x, at.parameter("weight", channels), at.parameter("bias", channels), epsilon);
    }

    /// `nn.BatchNorm2d` in evaluation mode: normalised by the running statistics.
    public static Value batchNorm(Scope at, Value x, double epsilon) {
        int channels = x.shape().last();
        return Ops.batchNorm(x, at.parameter("running_mean", channels), at.parameter("running_var", channels),
                at.parameter("weight", channels), at.parameter("bias", channels), epsilon);
    }

    /// `nn.Embedding(padding_idx)`: as [#embedding(Scope, Value, int, int)], but one row gets no gradient.
    public static Value embedding(Scope at, Value ids, int rows, int columns, int paddingIndex) {
        return Ops.embedding(at.parameter("weight", rows, columns), ids, paddingIndex);
    }

    /// `nn.BatchNorm2d` in training mode, then an activation: normalised by the statistics of x itself.
    public static BatchNormalized batchNormTraining(Scope at, Value x, double epsilon, Activation activation) {
        int channels = x.shape().last();
        Value runningMean = at.parameter("running_mean", channels);
        Value runningVariance = at.parameter("running_var", channels);
        var batch = Ops.batchNormTraining(x, at.parameter("weight", channels), at.parameter("bias", channels), epsilon,
                activation);
        return new BatchNormalized(batch.y(), new RunningStatistics(runningMean, batch.mean(), runningVariance,
                batch.variance()));
    }

    /// What [#batchNormTraining] gives.
    ///
    /// @param y the result, shape of x
    /// @param statistics of the batch, and the running ones that they are to be added to
    public record BatchNormalized(Value y, RunningStatistics statistics) { }

    /// `nn.Embedding`: ids `[…]` (I32) to `[…, columns]`.
    public static Value embedding(Scope at, Value ids, int rows, int columns) {
        return Ops.embedding(at.parameter("weight", rows, columns), ids);
    }
}
