package dev.cathode.kernels.cuda;

/// What a sampler does after the network's evaluation: guidance and the scheduler's formula in one launch, with the
/// weights of all steps and the step's index in the device's memory, so that one captured launch serves every step; and
/// noise on training samples.
public final class CudaSampling {
    private final KernelLauncher launcher;
    private final KernelSource source;
    private final Element element;

    /// Networks whose outputs and inputs are of `element`; samples are float32.
    public CudaSampling(KernelLauncher launcher, Element element) {
        this.launcher = launcher;
        this.element = element;
        source = KernelSource.of("sampling.cu").with(element);
    }

    /// One step, with a row of the table as weights: `guidance`, `sampleKept`, `outputKept`, `sample`, five of `kept`,
    /// `noise`, `input`.
    ///
    /// * `e = unconditional + guidance · (conditional - unconditional)` if `guided`, else the output
    /// * what is kept of a step is `sampleKept · x + outputKept · e`
    /// * the next sample is `sample · x + Σ kept[k] · (what was kept k steps ago) + noise · z`
    /// * the network's next input is `input · (next sample)`
    ///
    /// @param output the network's: `[2, count]`, unconditional and conditional, if `guided`, else `[count]`
    /// @param x the sample, `[count]`, float32, changed to the next one
    /// @param history `[5, count]`, float32, kept between steps; needs no initial numbers
    /// @param z noise, `[count]`, float32, not read where its weight is 0
    /// @param inputs result, the network's next input: like `output`, twice the same if `guided`
    /// @param table `[steps, 11]`, float32
    /// @param index address of the step's index, a 32-bit integer
    public void step(long output, long x, long history, long z, long inputs, long table, long index, boolean guided,
                     long count) {
        launcher.launch(new Kernel(source, "sampler_step"), Grids.strided(launcher, count, Grids.lanes(element)),
                new KernelArguments().pointer(output).pointer(x).pointer(history).pointer(z).pointer(inputs)
                        .pointer(table).pointer(index).int32(guided ? 1 : 0).int64(count));
    }

    /// Noisy samples for training: `y[n] = a[n] · x[n] + b[n] · z[n]`, each of `size` numbers.
    ///
    /// @param a `[batch]`, float32
    /// @param b `[batch]`, float32
    public void addNoise(long x, long z, long a, long b, long y, int batch, int size) {
        launcher.launch(new Kernel(source, "add_noise"),
                Grids.strided(launcher, (long) batch * size, Grids.lanes(element)), new KernelArguments().pointer(x)
                        .pointer(z).pointer(a).pointer(b).pointer(y).int32(batch).int32(size));
    }
}
