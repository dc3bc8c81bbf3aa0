package dev.cathode.kernels.cuda;

import dev.cathode.kernels.cpu.Activation;
import dev.cathode.kernels.cuda.KernelLauncher.Geometry;

/// Group normalisation over NHWC images, batch normalisation, an activation behind either, and their gradients, on one
/// type of numbers; weights, biases, their gradients and statistics are float32. Sums are taken in an order that
/// depends on the device's number of multiprocessors and the shape only.
///
/// Every method needs `workspaceBytes` bytes of scratch memory, aligned to 16.
public final class CudaGroupNorm {
    private static final int THREADS = 512;

    private final KernelLauncher launcher;
    private final KernelSource source;
    private final Element element;

    /// Normalisations of numbers of `element`.
    public CudaGroupNorm(KernelLauncher launcher, Element element) {
        this.launcher = launcher;
        this.element = element;
        source = KernelSource.of("groupnorm.cu").using("activations.cuh").with(element);
    }

    /// The shape of one call.
    ///
    /// @param batch samples
    /// @param pixels of an image
    /// @param channels of a pixel, a multiple of groups
    /// @param groups of channels
    public record Shape(int batch, int pixels, int channels, int groups) {
        /// Checks the number of groups.
        public Shape {
            if (channels % groups != 0) {
                throw new IllegalArgumentException(channels + " channels are not " + groups + " groups");
            }
        }
    }

    /// Bytes of scratch memory that any method needs; those of batch normalisation for batch 1 and a group for each
    /// channel.
    public long workspaceBytes(Shape s) {
        long chunks = chunks(s);
        long forward = 2 * s.batch * chunks * s.groups + (long) s.batch * s.groups;
        long known = 2L * s.batch * s.groups;
        long backward = 2 * s.batch * chunks * s.channels + 2L * s.batch * s.channels + known;
        return 4 * (align(Math.max(forward, backward)) + known);
    }

    /// Group normalisation, then the activation. y may be x's memory.
    ///
    /// @param x `[batch, pixels, channels]`
    /// @param weight `[channels]`, float32
    /// @param bias `[channels]`, float32
    /// @param y result, like x
    public void groupNorm(long x, long weight, long bias, long y, Shape shape, float epsilon, Activation activation,
                          long workspace) {
        int wide = wide(shape, x | weight | bias | y);
        partials(x, workspace, shape, wide);
        normalize(x, workspace, weight, bias, y, shape, chunks(shape), epsilon, activation, wide);
    }

    /// Of [#groupNorm]; statistics are computed again from x. dx may be dy's memory.
    ///
    /// @param dy gradient of the activation's result, like x
    /// @param dx result, like x
    /// @param dWeight result, `[channels]`, float32
    /// @param dBias result, `[channels]`, float32
    public void groupNormGradient(long x, long weight, long bias, long dy, long dx, long dWeight, long dBias,
                                  Shape shape, float epsilon, Activation activation, long workspace) {
        long known = known(shape, workspace);
        partials(x, workspace, shape, wide(shape, x));
        moments(workspace, known, 0, 0, shape, epsilon);
        gradient(x, known, weight, bias, dy, dx, dWeight, dBias, shape, activation, true, workspace);
    }

    /// Batch normalisation by given statistics, then the activation. y may be x's memory.
    ///
    /// @param x `[pixels, channels]`
    /// @param mean `[channels]`, float32
    /// @param variance `[channels]`, float32
    public void batchNorm(long x, long mean, long variance, long weight, long bias, long y, int pixels, int channels,
                          float epsilon, Activation activation, long workspace) {
        Shape shape = new Shape(1, pixels, channels, channels);
        given(mean, variance, workspace, channels, epsilon);
        normalize(x, workspace, weight, bias, y, shape, 0, epsilon, activation, wide(shape, x | weight | bias | y));
    }

    /// Of [#batchNorm] with respect to x, weight and bias.
    public void batchNormGradient(long x, long mean, long variance, long weight, long bias, long dy, long dx,
                                  long dWeight, long dBias, int pixels, int channels, float epsilon,
                                  Activation activation, long workspace) {
        Shape shape = new Shape(1, pixels, channels, channels);
        long known = known(shape, workspace);
        given(mean, variance, known, channels, epsilon);
        gradient(x, known, weight, bias, dy, dx, dWeight, dBias, shape, activation, false, workspace);
    }

    /// Batch normalisation by the statistics of x itself, then the activation.
    ///
    /// @param mean result, `[channels]`, float32
    /// @param variance result, `[channels]`, float32, divided by pixels - 1 (what running statistics collect; the
    ///         normalisation itself divides by pixels)
    public void batchNormTraining(long x, long weight, long bias, long y, long mean, long variance, int pixels,
                                  int channels, float epsilon, Activation activation, long workspace) {
        Shape shape = new Shape(1, pixels, channels, channels);
        int wide = wide(shape, x | weight | bias | y);
        partials(x, workspace, shape, wide);
        moments(workspace, 0, mean, variance, shape, epsilon);
        normalize(x, workspace, weight, bias, y, shape, chunks(shape), epsilon, activation, wide);
    }

    /// Of [#batchNormTraining]'s result; statistics are computed again from x.
    public void batchNormTrainingGradient(long x, long weight, long bias, long dy, long dx, long dWeight, long dBias,
                                          int pixels, int channels, float epsilon, Activation activation,
                                          long workspace) {
        groupNormGradient(x, weight, bias, dy, dx, dWeight, dBias, new Shape(1, pixels, channels, channels), epsilon,
                activation, workspace);
    }

    private void partials(long x, long partials, Shape s, int wide) {
        launcher.launch(new Kernel(source, "group_norm_partials"),
                Geometry.rectangle(chunks(s), s.batch, THREADS, sharedBytes(s, wide)), new KernelArguments().pointer(x)
                        .pointer(partials).int32(s.pixels).int32(s.channels).int32(s.groups).int32(wide));
    }

    private void normalize(long x, long partials, long weight, long bias, long y, Shape s, int chunks, float epsilon,
                           Activation activation, int wide) {
        launcher.launch(new Kernel(with(activation), "group_norm"),
                Geometry.rectangle(blocks(s, wide), s.batch, THREADS, 8 * s.groups),
                new KernelArguments().pointer(x).pointer(partials).pointer(weight).pointer(bias).pointer(y)
                        .int32(s.pixels).int32(s.channels).int32(s.groups).int32(chunks).float32(epsilon)
                        .int32(wide));
    }

    private void moments(long partials, long known, long means, long variances, Shape s, float epsilon) {
        launcher.launch(new Kernel(source, "group_norm_moments"), Geometry.line(s.batch, THREADS, 0),
                new KernelArguments().pointer(partials).pointer(known).pointer(means).pointer(variances)
                        .int32(s.pixels).int32(s.channels).int32(s.groups).int32(chunks(s)).float32(epsilon));
    }

    private void given(long mean, long variance, long known, int channels, float epsilon) {
        launcher.launch(new Kernel(source, "given_moments"), Geometry.line(Math.ceilDiv(channels, 128), 128, 0),
                new KernelArguments().pointer(mean).pointer(variance).pointer(known).int32(channels).float32(epsilon));
    }

    /// The workspace: partial sums, then the sums of channels, then the means over groups; `known` behind all of them.
    private void gradient(long x, long known, long weight, long bias, long dy, long dx, long dWeight, long dBias,
                          Shape s, Activation activation, boolean ownStatistics, long workspace) {
        int wide = wide(s, x | weight | bias | dy | dx);
        int chunks = chunks(s);
        long sums = workspace + 8L * s.batch * chunks * s.channels;
        long means = sums + 8L * s.batch * s.channels;
        launcher.launch(new Kernel(with(activation), "group_norm_gradient_partials"),
                Geometry.rectangle(chunks, s.batch, THREADS, sharedBytes(s, wide)),
                new KernelArguments().pointer(x).pointer(known).pointer(weight).pointer(bias).pointer(dy)
                        .pointer(workspace).int32(s.pixels).int32(s.channels).int32(s.groups)
                        .int32(wide));
        launcher.launch(new Kernel(source, "group_norm_gradient_sums"),
                Geometry.rectangle(s.groups, s.batch, Math.clamp(32L * s.channels / s.groups, 32, 256), 0),
                new KernelArguments().pointer(workspace).pointer(weight).pointer(sums).pointer(means).int32(s.pixels)
                        .int32(s.channels).int32(s.groups).int32(chunks));
        launcher.launch(new Kernel(source, "group_norm_gradient_parameters"),
                Geometry.line(Math.ceilDiv(s.channels, 128), 128, 0), new KernelArguments().pointer(sums)
                        .pointer(dWeight).pointer(dBias).int32(s.batch).int32(s.channels));
        launcher.launch(new Kernel(with(activation), "group_norm_gradient"),
                Geometry.rectangle(blocks(s, wide), s.batch, THREADS, 0),
                new KernelArguments().pointer(x).pointer(known).pointer(weight).pointer(bias)
                        .pointer(ownStatistics ? means : 0).pointer(dy).pointer(dx).int32(s.pixels).int32(s.channels)
                        .int32(s.groups).int32(wide));
    }

    private KernelSource with(Activation activation) {
        return activation == Activation.NONE ? source : source.with("ACTIVATION", activation.ordinal());
    }

    private long known(Shape s, long workspace) {
        return workspace + workspaceBytes(s) - 8L * s.batch * s.groups;
    }

    private int wide(Shape s, long addresses) {
        return Grids.wide(element, s.channels, addresses);
    }

    /// Threads that share a pack of channels.
    private int rows(Shape s, int wide) {
        return Math.max(1, THREADS / (wide == 1 ? s.channels / Grids.lanes(element) : s.channels));
    }

    private int sharedBytes(Shape s, int wide) {
        return 8 * rows(s, wide) * s.channels;
    }

    /// Blocks of one sample that sum up: enough to fill the device, but each with a few pixels for every thread, and
    /// not so many that adding up their results takes long.
    private int chunks(Shape s) {
        int filling = Math.ceilDiv(2 * launcher.limits().multiprocessors(), s.batch);
        return Math.clamp(s.pixels / (4L * rows(s, wide(s, 0))), 1, Math.min(64, filling));
    }

    /// Blocks of one sample that write.
    private int blocks(Shape s, int wide) {
        int filling = Math.ceilDiv(4 * launcher.limits().multiprocessors(), s.batch);
        return Math.clamp(s.pixels / (2L * rows(s, wide)), 1, Math.max(1, filling));
    }

    private static long align(long floats) {
        return (floats + 3) / 4 * 4;
    }
}
