package dev.cathode.kernels.cuda;

import dev.cathode.kernels.cuda.KernelLauncher.Geometry;

/// What changes parameters in place: all tensors of a [TensorTable] in one launch. Learning rate, step and the
/// gradients' factor are in the device's memory, so that one captured launch serves every step; if the factor is not
/// finite, as after the norm of the gradients overflowed, nothing changes. Each number is a function of its own numbers
/// only.
public final class CudaOptimizer {
    private static final int THREADS = 256;

    private final KernelLauncher launcher;
    private final KernelSource source = KernelSource.of("optimizer.cu");

    /// Runs on this launcher.
    public CudaOptimizer(KernelLauncher launcher) {
        this.launcher = launcher;
    }

    /// Adam's constants.
    ///
    /// @param beta1 decay of the first moment
    /// @param beta2 decay of the second moment
    /// @param epsilon added to the root of the second moment
    /// @param weightDecay decoupled: the parameter is first multiplied by 1 - learningRate · weightDecay; otherwise
    ///         weightDecay · parameter is added to the gradient
    /// @param decoupled AdamW's weight decay rather than Adam's
    public record Adam(double beta1, double beta2, double epsilon, double weightDecay, boolean decoupled) { }

    /// One step of AdamW (Loshchilov & Hutter 2019, https://arxiv.org/abs/1711.05101) or Adam, by PyTorch's formula, of
    /// all tensors; bias corrections are computed in float64 and rounded once.
    ///
    /// @param address of the table on the device
    /// @param learningRate address of a float32
    /// @param step address of a 32-bit integer, 1 in the first step
    /// @param factor address of a float32, the factor on the gradients
    /// @param averageWeight address of a float32, what moving averages take of the new parameter (1 - decay); 0 if the
    ///         table has no averages
    public void adam(Adam constants, TensorTable table, long address, long learningRate, long step, long factor,
                     long averageWeight) {
        launch("adam", table, new KernelArguments().pointer(address).pointer(address + table.chunkOffset())
                .float64(constants.beta1).float64(constants.beta2).float64(constants.epsilon)
                .float64(constants.weightDecay).int32(constants.decoupled ? 1 : 0).pointer(learningRate).pointer(step)
                .pointer(factor).pointer(averageWeight));
    }

    /// One step of PyTorch's SGD: `g = factor · gradient + weightDecay · p; b = momentum · b + g (first step: g);
    /// p -= learningRate · (nesterov ? g + momentum · b : b)`. The buffer is the tensor's `first`; 0 means no momentum.
    public void sgd(float momentum, float weightDecay, boolean nesterov, TensorTable table, long address,
                    long learningRate, long step, long factor) {
        launch("sgd", table, new KernelArguments().pointer(address).pointer(address + table.chunkOffset())
                .float32(momentum).float32(weightDecay).int32(nesterov ? 1 : 0).pointer(learningRate).pointer(step)
                .pointer(factor));
    }

    /// The norm of all gradients of the table, summed in float64.
    ///
    /// @param norm result, a float32
    /// @param factor result, a float32: `min(1, maximum / (norm + 1e-6))`, or NaN if the norm is not finite; 0 if not
    ///         wanted
    /// @param workspace [#normWorkspaceBytes] bytes, aligned to 8
    public void norm(TensorTable table, long address, float maximum, long norm, long factor, long workspace) {
        launch("square_partials", table, new KernelArguments().pointer(address).pointer(address + table.chunkOffset())
                .pointer(workspace));
        launcher.launch(new Kernel(source, "gradient_norm"), Geometry.line(1, THREADS, 0), new KernelArguments()
                .pointer(workspace).int32(table.chunks()).pointer(norm).pointer(factor).float32(maximum));
    }

    /// The factor that [#norm] writes, of a norm that is in the device's memory already.
    public void clipFactor(long norm, float maximum, long factor) {
        launcher.launch(new Kernel(source, "clip_factor"), Geometry.line(1, 32, 0),
                new KernelArguments().pointer(norm).pointer(factor).float32(maximum));
    }

    /// Bytes of scratch memory that [#norm] needs.
    public static long normWorkspaceBytes(TensorTable table) {
        return 8L * Math.max(1, table.chunks());
    }

    /// `average[i] += weight · (x[i] - average[i])`, all float32, if the factor is finite.
    ///
    /// @param weight address of a float32
    /// @param factor address of a float32
    public void average(long average, long x, long weight, long factor, long count) {
        launcher.launch(new Kernel(source, "average"), Grids.strided(launcher, count, 4), new KernelArguments()
                .pointer(average).pointer(x).pointer(weight).pointer(factor).int64(count));
    }

    /// `sum[i] += x[i]`; the sum is float32.
    public void accumulate(long sum, Element element, long x, long count) {
        launcher.launch(new Kernel(source.with(element), "accumulate"), Grids.strided(launcher, count, 8),
                new KernelArguments().pointer(sum).pointer(x).int64(count));
    }

    private void launch(String entry, TensorTable table, KernelArguments arguments) {
        if (table.chunks() > 0) {
            launcher.launch(new Kernel(source, entry), Geometry.line(table.chunks(), THREADS, 0), arguments);
        }
    }
}
