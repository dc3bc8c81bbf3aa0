package dev.cathode.engine.graph;

import dev.cathode.kernels.cpu.Activation;
import dev.cathode.kernels.cpu.Elementwise.Binary;
import dev.cathode.kernels.cpu.Epilogue;
import dev.cathode.kernels.cpu.Rearrangement.Filter;
import dev.cathode.kernels.cpu.Rearrangement.Window;
import dev.cathode.weights.DType;
import java.util.List;

/// Every operation there is.
///
/// Shape inference, the lowering to each device and (for training) the gradient are each one `switch` over this
/// interface, so the compiler refuses a build that forgets an operation somewhere. Images are NHWC, convolution
/// filters `[O, KH, KW, I]`, linear weights `[O, I]`. Unless a comment says otherwise the inputs are float32.
///
/// What only the backward pass needs is in [GradientOp], what changes parameters in [UpdateOp].
public sealed interface Op permits Op.Input, Op.Parameter, Op.Fill, Op.Linear, Op.Conv2d, Op.Attention, Op.GroupNorm,
        Op.LayerNorm, Op.BatchNorm, Op.BatchNormTraining, Op.Softmax, Op.LogSoftmax, Op.Activate, Op.GatedGelu,
        Op.Pairwise, Op.Sum, Op.Affine, Op.Cast, Op.Reshape, Op.Permute, Op.Concat, Op.Slice, Op.Embedding, Op.GatherRows,
        Op.Sinusoid, Op.ResizeNearest, Op.Resize, Op.MaxPool, Op.AveragePool, Op.AdaptiveAveragePool,
        Op.MeanSquaredError, Op.BinaryCrossEntropy, Op.CrossEntropy, Op.Norm, Op.ClipFactor, GradientOp, UpdateOp {
    // ---- leaves

    /// A value given at each run.
    record Input(String name) implements Op { }

    /// A value of the model, by its name in the checkpoint.
    record Parameter(String name) implements Op { }

    /// The same number everywhere.
    record Fill(float value, Shape shape) implements Op { }

    // ---- products

    /// `y = x wᵀ` and the epilogue. Inputs: x `[…, I]`, weight `[O, I]`, then what the epilogue has of bias `[O]`,
    /// sample bias `[N, O]` and residual (the output's shape). A weight `[K, O, I]` stands for K products of the same
    /// x, `[K, …, O]`, which only a residual may follow.
    record Linear(Epilogue epilogue) implements Op { }

    /// A convolution and the epilogue. Inputs: x `[N, H, W, I]`, weight `[O, KH, KW, I]`, then the epilogue's, as in
    /// [Linear].
    record Conv2d(Geometry geometry, Epilogue epilogue) implements Op { }

    /// `softmax(q kᵀ · scale + mask) v` per head. Inputs: q `[N, L, heads·d]`, k and v `[N, S, heads·d]`, and if
    /// `masked` an additive mask `[N, S]`. If `causal`, position i sees keys 0 to i.
    record Attention(int heads, boolean causal, boolean masked, float scale) implements Op { }

    // ---- normalisations

    /// Group normalisation and an activation. Inputs: x `[N, …, C]`, weight `[C]`, bias `[C]`.
    record GroupNorm(int groups, float epsilon, Activation activation) implements Op { }

    /// Layer normalisation over the last axis. Inputs: x, weight `[C]`, bias `[C]`.
    record LayerNorm(float epsilon) implements Op { }

    /// Batch normalisation by running statistics, and an activation. Inputs: x `[…, C]`, mean, variance, weight, bias.
    record BatchNorm(float epsilon, Activation activation) implements Op { }

    /// Batch normalisation by the statistics of x itself, and an activation. Inputs: x `[…, C]`, weight, bias. Three
    /// [Parts]: the result, the mean `[C]`, and the variance `[C]` divided by one less than the number of rows, which
    /// is what running statistics collect.
    record BatchNormTraining(float epsilon, Activation activation) implements Op { }

    /// Softmax over the last axis.
    record Softmax() implements Op { }

    /// Logarithm of the softmax over the last axis.
    record LogSoftmax() implements Op { }

    // ---- elementwise

    /// A function of each number.
    record Activate(Activation activation) implements Op { }

    /// First half of the last axis times the GELU of the second half.
    record GatedGelu() implements Op { }

    /// A function of two numbers. The second input may have axes of size 1 (or lack leading ones) where it is repeated,
    /// as long as the repeated axes are neighbours.
    record Pairwise(Binary operation) implements Op { }

    /// Sums over the axes along which a value of `shape` would be repeated to x's shape (see [Broadcast]): the gradient
    /// of a bias, or with an empty shape the sum of everything.
    record Sum(Shape shape) implements Op { }

    /// `scale · x + shift`.
    record Affine(float scale, float shift) implements Op { }

    /// Numbers of another type: 32-bit integers or half precision to float32 and back.
    record Cast(DType to) implements Op { }

    // ---- rearrangements

    /// The same numbers in the same order under another shape.
    record Reshape(Shape shape) implements Op { }

    /// Axes in another order: `y.shape[i] = x.shape[axes[i]]`.
    record Permute(List<Integer> axes) implements Op { }

    /// Inputs one after the other along an axis.
    record Concat(int axis) implements Op { }

    /// Part `start` to `end` (excluded) of an axis.
    record Slice(int axis, int start, int end) implements Op { }

    /// Rows of a table. Inputs: table `[V, C]`, ids `[…]` (I32). The row `paddingIndex` (-1: none) gets no gradient.
    record Embedding(int paddingIndex) implements Op { }

    /// One row of each sample. Inputs: x `[N, L, C]`, positions `[N]` (I32).
    record GatherRows() implements Op { }

    /// Sinusoidal embedding of timesteps `[N]` to `[N, columns]`; see diffusers' `get_timestep_embedding`.
    record Sinusoid(int columns, boolean cosineFirst, double freqShift, double maxPeriod) implements Op { }

    /// Nearest-neighbour resize of images.
    record ResizeNearest(int height, int width) implements Op { }

    /// Smooth resize of images.
    record Resize(Filter filter, boolean antialias, int height, int width) implements Op { }

    /// Maximum over windows.
    record MaxPool(Window window) implements Op { }

    /// Mean over windows.
    record AveragePool(Window window, boolean countPadding) implements Op { }

    /// Mean over `height × width` areas that cover the image.
    record AdaptiveAveragePool(int height, int width) implements Op { }

    // ---- losses: scalars

    /// Mean of `(x - target)²`, times a weight per sample if there is a third input `[N]`.
    record MeanSquaredError(boolean weighted) implements Op { }

    /// Mean of the binary cross-entropy of logits; with a third input (0 or 1, the target's shape) over those entries.
    record BinaryCrossEntropy(boolean masked) implements Op { }

    /// Mean cross-entropy of logits `[N, classes]` and ids `[N]` (I32); rows whose id is `ignoreIndex` do not count.
    record CrossEntropy(int ignoreIndex, float labelSmoothing) implements Op { }

    // ---- sizes of gradients: scalars

    /// Square root of the sum of the squares of all numbers of all inputs.
    record Norm() implements Op { }

    /// `min(1, maximum / (norm + 1e-6))` of a norm: the factor that clips gradients, as PyTorch's `clip_grad_norm_`. Of
    /// a norm that is not finite: NaN.
    record ClipFactor(float maximum) implements Op { }

    /// The geometry of a convolution. If `resizedHeight` is not 0 the input is first resized by nearest neighbour.
    ///
    /// @param strideHeight vertical step
    /// @param strideWidth horizontal step
    /// @param padTop zero rows above
    /// @param padLeft zero columns to the left
    /// @param padBottom zero rows below
    /// @param padRight zero columns to the right
    /// @param resizedHeight rows after a resize before the convolution, 0 for none
    /// @param resizedWidth columns after that resize, 0 for none
    record Geometry(int strideHeight, int strideWidth, int padTop, int padLeft, int padBottom, int padRight,
                    int resizedHeight, int resizedWidth) {
        /// Same stride and padding on all sides, no resize.
        public static Geometry of(int stride, int padding) {
            return new Geometry(stride, stride, padding, padding, padding, padding, 0, 0);
        }

        /// Padding on each side, no resize.
        public static Geometry of(int stride, int padTop, int padLeft, int padBottom, int padRight) {
            return new Geometry(stride, stride, padTop, padLeft, padBottom, padRight, 0, 0);
        }

        /// This geometry with a resize before it.
        public Geometry resized(int height, int width) {
            return new Geometry(strideHeight, strideWidth, padTop, padLeft, padBottom, padRight, height, width);
        }
    }
}
