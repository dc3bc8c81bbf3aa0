package dev.cathode.kernels.cuda;

import dev.cathode.kernels.cuda.KernelLauncher.Geometry;
import java.util.List;

/// What a sampler does after the network's evaluation: guidance and the scheduler's formula in one launch, with the
/// weights of all steps and the step's index in the device's memory, so that one captured launch serves every step; and
/// noise on training samples.
public final class CudaSampling {
    private static final int WEIGHTS = 10;

    private final KernelLauncher launcher;
    private final KernelSource source;
    private final Element element;

    /// Networks whose outputs and inputs are of `element`; samples are float32.
    public CudaSampling(KernelLauncher launcher, Element element) {
        this.launcher = launcher;
        this.element = element;
        source = KernelSource.of("sampling.cu").with(element);
    }

    /// The weights of one step, a weighted sum as every multistep scheduler's step is one.
    ///
    /// @param guidance `e = unconditional + guidance · (conditional - unconditional)`
    /// @param sampleKept what is kept of a step is `sampleKept · x + outputKept · e`
    /// @param outputKept see `sampleKept`
    /// @param sample the next sample is `sample · x + Σ kept[k] · (what was kept k steps ago) + noise · z`
    /// @param kept four weights: of what this step keeps, and of what the three steps before it kept (0 if there was
    ///         none)
    /// @param noise see `sample`
    /// @param input the network's next input is `input · (next sample)`
    public record Step(float guidance, float sampleKept, float outputKept, float sample, List<Float> kept, float noise,
                       float input) {
        /// Checks the number of weights.
        public Step {
            kept = List.copyOf(kept);
            if (kept.size() != 4) {
                throw new IllegalArgumentException(kept.size() + " weights of kept outputs instead of 4");
            }
        }
    }

    /// The weights of all steps as [#step] reads them: float32, to be copied to the device.
    public static float[] table(List<Step> steps) {
        float[] table = new float[WEIGHTS * steps.size()];
        for (int i = 0; i < steps.size(); i++) {
            Step s = steps.get(i);
            float[] row = {s.guidance, s.sampleKept, s.outputKept, s.sample, s.kept.get(0), s.kept.get(1),
                s.kept.get(2), s.kept.get(3), s.noise, s.input};
            System.arraycopy(row, 0, table, WEIGHTS * i, WEIGHTS);
        }
        return table;
    }

    /// One step.
    ///
    /// @param output the network's: `[2, count]`, unconditional and conditional, if `guided`, else `[count]`
    /// @param x the sample, `[count]`, float32, changed to the next one
    /// @param history `[4, count]`, float32, kept between steps; needs no initial numbers
    /// @param z noise, `[count]`, float32, or 0
    /// @param inputs result, the network's next input: like `output`, twice the same if `guided`
    /// @param steps address of the [#table]
    /// @param index address of the step's index, a 32-bit integer
    public void step(long output, long x, long history, long z, long inputs, long steps, long index, boolean guided,
                     long count) {
        launcher.launch(new Kernel(source, "sampler_step"), Grids.strided(launcher, count, Grids.lanes(element)),
                new KernelArguments().pointer(output).pointer(x).pointer(history).pointer(z).pointer(inputs)
                        .pointer(steps).pointer(index).int32(guided ? 1 : 0).int64(count));
    }

    /// After a step: adds one to the index and writes that step's timestep for each sample of the network's batch. The
    /// table of timesteps has one more entry than there are steps.
    ///
    /// @param timesteps `[steps + 1]`, float32
    /// @param timestep result, `[batch]`, float32
    public void next(long index, long timesteps, long timestep, int batch) {
        launcher.launch(new Kernel(source, "next_step"), Geometry.line(1, 256, 0),
                new KernelArguments().pointer(index).pointer(timesteps).pointer(timestep).int32(batch));
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
