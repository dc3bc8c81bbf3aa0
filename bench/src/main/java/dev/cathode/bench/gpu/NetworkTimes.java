package dev.cathode.bench.gpu;

import dev.cathode.engine.benchmark.TrainingBenchmark;
import dev.cathode.engine.diffusion.GenerationListener;
import dev.cathode.engine.diffusion.ImageRequest;
import dev.cathode.engine.diffusion.PipelineOptions;
import dev.cathode.engine.diffusion.StableDiffusionPipeline;
import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.models.AutoencoderKL;
import dev.cathode.engine.models.AutoencoderKLConfig;
import dev.cathode.engine.models.UNet2DConditionConfig;
import dev.cathode.engine.models.UNet2DConditionModel;
import dev.cathode.engine.random.TorchGenerator;
import dev.cathode.engine.runtime.CompileOptions;
import dev.cathode.engine.runtime.Device;
import dev.cathode.engine.runtime.DeviceWeights;
import dev.cathode.engine.runtime.Executable;
import dev.cathode.weights.Checkpoint;
import dev.cathode.weights.DType;
import dev.cathode.weights.ModelComponent;
import dev.cathode.weights.ModelSource;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;

/// Whole networks of a Stable Diffusion model on a device: one evaluation of the U-Net for guidance, the VAE both ways,
/// whole pictures, training steps, and the memory they take.
///
/// @param runs of each that count
/// @param side of the pictures in pixels
record NetworkTimes(Path model, int runs, int side, Consumer<Figure> found) {
    private static final int TOKENS = 77;

    /// The U-Net and the VAE.
    void networks(Device device) {
        try (ModelSource source = ModelSource.open(model)) {
            ModelComponent unet = source.component("unet");
            ModelComponent vae = source.component("vae");
            AutoencoderKLConfig config = AutoencoderKLConfig.parse(vae.config(), source.source());
            int latent = side / config.scaleFactor();
            time(device, "U-Net step, batch 2", UNet2DConditionModel.graph(UNet2DConditionConfig.parse(unet.config(),
                    source.source()), 2, latent, latent, TOKENS), unet.weights());
            time(device, "VAE decode", AutoencoderKL.decodeGraph(config, 1, latent, latent), vae.weights());
            time(device, "VAE encode", AutoencoderKL.encodeGraph(config, 1, side, side), vae.weights());
        }
    }

    /// One network. Runs follow each other without a look at the result, as a sampler's steps do; a result that is not
    /// finite is refused.
    private void time(Device device, String name, Graph graph, Checkpoint checkpoint) {
        try (DeviceWeights weights = device.weights(checkpoint); Executable executable = device.compile(graph, weights,
                CompileOptions.defaults().withConstantInputs(Set.of("encoder_hidden_states")))) {
            executable.inputs().forEach((input, shape) -> {
                if (graph.inputs().get(input).dtype() == DType.I32) {
                    executable.set(input, new int[shape.intCount()]);
                } else {
                    executable.set(input, new TorchGenerator(1).randn(shape.intCount()));
                }
            });
            String output = executable.outputs().keySet().iterator().next();
            for (int i = 0; i < 3; i++) { // the first prepares, the second records
                executable.run();
            }
            for (float number : executable.get(output)) {
                if (!Float.isFinite(number)) {
                    throw new IllegalStateException(name + ": the output " + output + " is not finite");
                }
            }
            long start = System.nanoTime();
            for (int i = 0; i < runs; i++) {
                executable.run();
            }
            long queued = System.nanoTime();
            executable.get(output);
            long end = System.nanoTime();
            found.accept(Figure.of(name, (end - start) * 1e-6 / runs, "ms"));
            found.accept(Figure.of(name + ", host time", (queued - start) * 1e-6 / runs, "ms"));
            found.accept(Figure.of(name + ", memory", (weights.bytes() + executable.plan().arenaBytes()) / 0x1p30,
                    "GiB"));
        }
    }

    /// Pictures from prompt to pixels, with guidance; the first one, which compiles and loads, does not count.
    ///
    /// @param device is closed
    void images(Device device, int... steps) {
        try (StableDiffusionPipeline pipeline = StableDiffusionPipeline.load(model, PipelineOptions.defaults(),
                device)) {
            for (int count : steps) {
                ImageRequest request = ImageRequest.builder("a chest film").steps(count).size(side, side).build();
                double[] seconds = new double[3];
                for (int i = -1; i < seconds.length; i++) {
                    long start = System.nanoTime();
                    pipeline.generate(request, GenerationListener.NONE);
                    seconds[Math.max(0, i)] = (System.nanoTime() - start) * 1e-9;
                }
                found.accept(Figure.of("image, " + count + " steps", MachineTimer.median(seconds), "s"));
            }
        }
    }

    /// Training steps of the U-Net on cached latents, each on a device of its own, so that nothing of the last one is
    /// left.
    void training(Supplier<Device> devices, int... batches) {
        for (int batch : batches) {
            try (Device device = devices.get(); ModelSource source = ModelSource.open(model)) {
                int factor = AutoencoderKLConfig.parse(source.component("vae").config(), source.source()).scaleFactor();
                var result = TrainingBenchmark.run(device, Optional.of(source), batch, side / factor, side / factor,
                        TOKENS, 1, false, 3, Math.min(runs, 10));
                found.accept(Figure.of("training, batch " + batch, batch / result.timing().median(), "images/s"));
                found.accept(Figure.of("training, batch " + batch + ", memory",
                        (result.weightBytes() + result.arenaBytes()) / 0x1p30, "GiB"));
            }
        }
    }
}
