package dev.cathode.engine.graph;

import dev.cathode.kernels.cpu.Activation;
import dev.cathode.kernels.cpu.Rearrangement.Filter;
import dev.cathode.kernels.cpu.Rearrangement.Window;

/// The operations of the backward pass: each belongs to the operation of [Op] with the same name. `dy` is the gradient
/// of the loss with respect to that operation's result. Some give several gradients at once, as [Parts] of one value.
public sealed interface GradientOp extends Op {
    /// Of [Op.Linear] with respect to x: `dx = dy w`. Inputs: dy `[…, O]`, weight `[O, I]`.
    record LinearInput() implements GradientOp { }

    /// Of [Op.Linear] with respect to the weight: `dw = dyᵀ x`. Inputs: x `[…, I]`, dy `[…, O]`.
    record LinearWeight() implements GradientOp { }

    /// Of [Op.Conv2d] with respect to x `[N, height, width, I]`. Inputs: dy `[N, OH, OW, O]`, weight `[O, KH, KW, I]`.
    record Conv2dInput(Geometry geometry, int height, int width) implements GradientOp { }

    /// Of [Op.Conv2d] with respect to the filter `[O, KH, KW, I]`. Inputs: x `[N, H, W, I]`, dy `[N, OH, OW, O]`.
    record Conv2dFilter(Geometry geometry, int kernelHeight, int kernelWidth) implements GradientOp { }

    /// Of [Op.Attention]. Inputs: q, k, v, the attention's result, dy, and the mask if `masked`. Three [Parts]: with
    /// respect to q, k and v.
    record Attention(int heads, boolean causal, boolean masked, float scale) implements GradientOp { }

    /// Of [Op.GroupNorm]. Inputs: x, weight, bias, dy. Three [Parts]: with respect to x, weight and bias.
    record GroupNorm(int groups, float epsilon, Activation activation) implements GradientOp { }

    /// Of [Op.LayerNorm]. Inputs: x, weight, dy. Three [Parts]: with respect to x, weight and bias.
    record LayerNorm(float epsilon) implements GradientOp { }

    /// Of [Op.BatchNorm]. Inputs: x, mean, variance, weight, bias, dy. Three [Parts]: with respect to x, weight and
    /// bias.
    record BatchNorm(float epsilon, Activation activation) implements GradientOp { }

    /// Of [Op.BatchNormTraining]'s result; nothing flows back through the statistics it returns. Inputs: x, weight,
    /// bias, dy. Three [Parts]: with respect to x, weight and bias.
    record BatchNormTraining(float epsilon, Activation activation) implements GradientOp { }

    /// Of [Op.Softmax]. Inputs: the softmax, dy.
    record Softmax() implements GradientOp { }

    /// Of [Op.LogSoftmax]. Inputs: the log-softmax, dy.
    record LogSoftmax() implements GradientOp { }

    /// Of [Op.Activate]. Inputs: x, dy.
    record Activate(Activation activation) implements GradientOp { }

    /// Of [Op.GatedGelu]. Inputs: x `[…, 2 C]`, dy `[…, C]`.
    record GatedGelu() implements GradientOp { }

    /// Of [Op.Slice]: dy in its place along an axis of `size`, zeros before and after.
    record Slice(int axis, int start, int size) implements GradientOp { }

    /// Of [Op.Embedding] with respect to the table `[rows, C]`. Inputs: ids, dy.
    record Embedding(int rows, int paddingIndex) implements GradientOp { }

    /// Of [Op.GatherRows] with respect to x `[N, length, C]`. Inputs: positions, dy.
    record GatherRows(int length) implements GradientOp { }

    /// Of [Op.ResizeNearest] with respect to x `[N, height, width, C]`. Input: dy.
    record ResizeNearest(int height, int width) implements GradientOp { }

    /// Of [Op.Resize] with respect to x `[N, height, width, C]`. Input: dy.
    record Resize(Filter filter, boolean antialias, int height, int width) implements GradientOp { }

    /// Of [Op.MaxPool]. Inputs: x, dy.
    record MaxPool(Window window) implements GradientOp { }

    /// Of [Op.AveragePool] with respect to x `[N, height, width, C]`. Input: dy.
    record AveragePool(Window window, boolean countPadding, int height, int width) implements GradientOp { }

    /// Of [Op.AdaptiveAveragePool] with respect to x `[N, height, width, C]`. Input: dy.
    record AdaptiveAveragePool(int height, int width) implements GradientOp { }

    /// Of [Op.MeanSquaredError] with respect to x. Inputs: x, target, the weights if `weighted`, dy.
    record MeanSquaredError(boolean weighted) implements GradientOp { }

    /// Of [Op.BinaryCrossEntropy] with respect to the logits. Inputs: logits, target, the mask if `masked`, dy.
    record BinaryCrossEntropy(boolean masked) implements GradientOp { }

    /// Of [Op.CrossEntropy] with respect to the logits. Inputs: logits, ids, dy.
    record CrossEntropy(int ignoreIndex, float labelSmoothing) implements GradientOp { }
}
