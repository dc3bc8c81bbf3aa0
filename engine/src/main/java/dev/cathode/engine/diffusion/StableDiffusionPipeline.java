package dev.cathode.engine.diffusion;

import dev.cathode.engine.diffusion.ImageRequest.Source;
import dev.cathode.engine.diffusion.schedulers.LinearSteps;
import dev.cathode.engine.diffusion.schedulers.Sampling;
import dev.cathode.engine.diffusion.schedulers.Scheduler;
import dev.cathode.engine.models.DiagonalGaussianDistribution;
import dev.cathode.engine.models.TiledDecoder;
import dev.cathode.engine.models.TiledDecoder.Images;
import dev.cathode.engine.random.TorchGenerator;
import dev.cathode.engine.runtime.CompiledNetwork;
import dev.cathode.engine.runtime.Device;
import dev.cathode.engine.runtime.Executable;
import dev.cathode.weights.CheckpointException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;

/// Stable Diffusion (Rombach et al. 2022, https://arxiv.org/abs/2112.10752): prompts to pictures.
///
/// Networks are loaded when first needed. Pictures are made one after the other, each from its own random numbers
/// (PyTorch's CPU generator with the picture's seed), so a picture does not depend on how many are asked for, and a
/// seed gives the picture that diffusers gives. Not for several threads at once.
public final class StableDiffusionPipeline implements AutoCloseable {
    private final ModelParts parts;
    /// The prompts of the last request and what became of them: several pictures of one prompt encode it once.
    private Prompts encodedPrompts;
    private TextEncoder.Encoded encoded;

    private StableDiffusionPipeline(ModelParts parts) {
        this.parts = parts;
    }

    /// Opens a model: a diffusers folder or an original single-file checkpoint.
    ///
    /// @throws CheckpointException if it is not a Stable Diffusion model, or a setting of its is not supported
    public static StableDiffusionPipeline load(Path model, PipelineOptions options) {
        return new StableDiffusionPipeline(ModelParts.open(model, options));
    }

    /// Opens a model on a device, which is closed with the pipeline.
    ///
    /// @throws CheckpointException if it is not a Stable Diffusion model, or a setting of its is not supported
    public static StableDiffusionPipeline load(Path model, PipelineOptions options, Device device) {
        return new StableDiffusionPipeline(ModelParts.open(model, options, device));
    }

    /// Columns and rows of a picture must be multiples of this.
    public int sizeMultiple() {
        return parts.scaleFactor();
    }

    /// Columns and rows of a picture if a request states none: what the model was trained on.
    public int defaultSize() {
        return parts.unetConfig().sampleSize() * parts.scaleFactor();
    }

    /// Checks what a request asks for against the model, without loading weights.
    ///
    /// @throws IllegalArgumentException if the size, the scheduler or the starting point does not fit
    public void check(ImageRequest request) {
        plan(request);
    }

    /// Makes the pictures of a request; the listener gets each as soon as it is done.
    ///
    /// @throws IllegalArgumentException if the request does not fit the model
    /// @throws CancellationException if the listener says so; pictures it got before are complete
    /// @throws dev.cathode.engine.runtime.InsufficientMemoryException before anything large is allocated
    public void generate(ImageRequest request, GenerationListener listener) {
        Plan plan = plan(request);
        Conditioning conditioning = condition(request, listener);
        for (int i = 0; i < request.count(); i++) {
            listener.onImage(picture(plan, conditioning, i, listener));
        }
    }

    /// What follows from a request and the model before anything is computed.
    private record Plan(ImageRequest request, int width, int height, LatentShape latent, Scheduler scheduler,
                        int begin) { }

    /// The latents of one picture.
    private record LatentShape(int channels, int height, int width) {
        int count() {
            return channels * height * width;
        }
    }

    /// What the text encoder is asked.
    private record Prompts(List<String> texts, int clipSkip) { }

    /// Hidden states of the prompts the U-Net is evaluated on: the negative one first if there is guidance.
    private record Conditioning(float[] states, int prompts, int length) { }

    private Plan plan(ImageRequest request) {
        int factor = parts.scaleFactor();
        int width = request.width() == 0 ? defaultSize() : request.width();
        int height = request.height() == 0 ? defaultSize() : request.height();
        require(width % factor == 0 && height % factor == 0, "the size " + width + "x" + height
                + " must be a multiple of " + factor + "; the nearest is " + nearest(width, factor) + "x"
                + nearest(height, factor));
        int channels = parts.vaeConfig().latentChannels();
        require(parts.unetConfig().inChannels() == channels, "the U-Net takes " + parts.unetConfig().inChannels()
                + " channels; only those that take the latents' " + channels + " alone are supported");
        LatentShape latent = new LatentShape(channels, height / factor, width / factor);
        request.initialLatents().ifPresent(given -> require(given.length == request.count() * latent.count(),
                given.length + " initial latents are not [" + request.count() + ", " + channels + ", " + latent.height()
                + ", " + latent.width() + "]"));
        int pixels = width * height;
        switch (request.source()) {
            case Source.Noise _ -> { }
            case Source.Image(float[] image, double _) ->
                    require(image.length == 3 * pixels, "the image is not " + width + "x" + height);
            case Source.Inpaint(float[] image, float[] mask, double _) -> {
                require(image.length == 3 * pixels, "the image is not " + width + "x" + height);
                require(mask.length == pixels, "the mask is not " + width + "x" + height);
            }
        }
        Scheduler scheduler = parts.scheduler(request.scheduler());
        int begin = switch (request.source()) {
            case Source.Noise _ -> 0;
            case Source.Image(float[] _, double strength) -> scheduler.begin(request.steps(), strength);
            case Source.Inpaint(float[] _, float[] _, double strength) -> scheduler.begin(request.steps(), strength);
        };
        scheduler.start(request.steps(), begin); // refuses step counts that the algorithm cannot take
        return new Plan(request, width, height, latent, scheduler, begin);
    }

    private static int nearest(int size, int factor) {
        return Math.max(1, Math.round(size / (float) factor)) * factor;
    }

    private static void require(boolean holds, String message) {
        if (!holds) {
            throw new IllegalArgumentException(message);
        }
    }

    private Conditioning condition(ImageRequest request, GenerationListener listener) {
        Prompts prompts = new Prompts(request.guidanceScale() > 1 ? List.of(request.negativePrompt(), request.prompt())
                : List.of(request.prompt()), request.clipSkip());
        if (!prompts.equals(encodedPrompts)) {
            try (TextEncoder encoder = parts.openTextEncoder(listener)) {
                encoded = encoder.encode(prompts.texts(), prompts.clipSkip());
                encodedPrompts = prompts;
            }
        }
        for (int i = 0; i < prompts.texts().size(); i++) {
            if (!encoded.cut().get(i).isEmpty()) {
                listener.onPromptTruncated(prompts.texts().get(i), encoded.cut().get(i));
            }
        }
        return new Conditioning(encoded.states(), prompts.texts().size(), encoded.length());
    }

    private GeneratedImage picture(Plan plan, Conditioning conditioning, int index, GenerationListener listener) {
        ImageRequest request = plan.request();
        TorchGenerator generator = new TorchGenerator(request.seed() + index);
        Sampling sampling = plan.scheduler().start(request.steps(), plan.begin());
        Start start = start(plan, sampling, generator, index, listener);
        float[] latents = denoise(plan, conditioning, sampling, start, generator, index, listener);
        if (request.last() && index == request.count() - 1) {
            parts.closeUNet(); // the decoder takes over its memory, which is faster to get than fresh memory
        }
        float[] planes = decode(plan, latents, listener);
        return new GeneratedImage(index, request.seed() + index, plan.width(), plan.height(),
                new int[] {1, plan.latent().channels(), plan.latent().height(), plan.latent().width()}, start.noise(),
                latents, planes);
    }

    /// What denoising begins with.
    ///
    /// @param latents the first sample
    /// @param noise the standard normal numbers in it
    /// @param image the latents of the picture to start from, or null
    /// @param mask 1 where to paint, of the latents' height and width, or null
    private record Start(float[] latents, float[] noise, float[] image, float[] mask) { }

    private Start start(Plan plan, Sampling sampling, TorchGenerator generator, int index, GenerationListener listener) {
        return switch (plan.request().source()) {
            case Source.Noise _ -> {
                float[] noise = noise(plan, generator, index);
                yield new Start(scaled(noise, sampling.initNoiseSigma()), noise, null, null);
            }
            case Source.Image(float[] image, double _) -> {
                float[] clean = encode(plan, image, generator, listener);
                float[] noise = noise(plan, generator, index);
                yield new Start(sampling.addNoise(clean, noise, 0), noise, clean, null);
            }
            case Source.Inpaint(float[] image, float[] mask, double strength) -> {
                float[] clean = encode(plan, image, generator, listener);
                float[] noise = noise(plan, generator, index);
                float[] first = strength == 1 ? scaled(noise, sampling.initNoiseSigma())
                        : sampling.addNoise(clean, noise, 0);
                yield new Start(first, noise, clean, shrunk(mask, plan));
            }
        };
    }

    /// Standard normal numbers: those of the request, or drawn.
    private static float[] noise(Plan plan, TorchGenerator generator, int index) {
        int count = plan.latent().count();
        return plan.request().initialLatents()
                .map(given -> Arrays.copyOfRange(given, index * count, (index + 1) * count))
                .orElseGet(() -> generator.randn(count));
    }

    private static float[] scaled(float[] numbers, float factor) {
        float[] result = numbers.clone();
        for (int i = 0; i < result.length; i++) {
            result[i] *= factor;
        }
        return result;
    }

    /// The mask at the latents' size, by nearest neighbour.
    private static float[] shrunk(float[] mask, Plan plan) {
        LatentShape latent = plan.latent();
        float[] small = new float[latent.height() * latent.width()];
        for (int y = 0; y < latent.height(); y++) {
            for (int x = 0; x < latent.width(); x++) {
                int from = y * plan.height() / latent.height() * plan.width() + x * plan.width() / latent.width();
                small[y * latent.width() + x] = mask[from] < 0.5f ? 0 : 1;
            }
        }
        return small;
    }

    private float[] denoise(Plan plan, Conditioning conditioning, Sampling sampling, Start start,
                            TorchGenerator generator, int index, GenerationListener listener) {
        LatentShape latent = plan.latent();
        ImageRequest request = plan.request();
        Optional<float[][]> weights = parts.isRemote() && start.mask() == null ? LinearSteps.of(plan.scheduler(),
                request.steps(), plan.begin(), (float) request.guidanceScale()) : Optional.empty();
        var size = new ModelParts.UNetSize(conditioning.prompts(), latent.channels(), latent.height(), latent.width(),
                conditioning.length(), weights.isPresent());
        Executable unet = parts.unet(listener).at(size);
        unet.set("encoder_hidden_states", conditioning.states());
        if (weights.isPresent()) {
            return denoise(new ResidentDenoising(unet, parts.samples(), size, weights.get()), latent, sampling,
                    start.latents(), generator, index, listener);
        }
        float[] sample = start.latents();
        for (int i = 0; i < sampling.count(); i++) {
            float[] prediction = Guidance.predict(unet, sampling.scaleModelInput(i, sample), sampling.timestep(i),
                    conditioning.prompts(), request.guidanceScale(), listener::isCancelled);
            sample = sampling.step(i, prediction, sample, () -> generator.randn(latent.count()));
            if (start.mask() != null) {
                sample = blended(sample, known(sampling, start, i), start.mask());
            }
            float[] now = sample;
            listener.onStep(index, i + 1, sampling.count(),
                    () -> LatentPreview.of(now, latent.channels(), latent.height(), latent.width()));
        }
        return sample;
    }

    private static float[] denoise(ResidentDenoising device, LatentShape latent, Sampling sampling, float[] first,
                                   TorchGenerator generator, int index, GenerationListener listener) {
        device.start(sampling, first);
        for (int i = 0; i < sampling.count(); i++) {
            if (listener.isCancelled()) {
                throw new CancellationException("cancelled");
            }
            device.step(i, sampling.timestep(i), () -> generator.randn(latent.count()));
            listener.onStep(index, i + 1, sampling.count(),
                    () -> LatentPreview.of(device.sample(), latent.channels(), latent.height(), latent.width()));
        }
        return device.sample();
    }

    /// The part of the picture that stays, as noisy as the sample is after evaluation i.
    private static float[] known(Sampling sampling, Start start, int i) {
        return i + 1 < sampling.count() ? sampling.addNoise(start.image(), start.noise(), i + 1) : start.image();
    }

    private static float[] blended(float[] painted, float[] known, float[] mask) {
        float[] both = new float[painted.length];
        for (int i = 0; i < both.length; i++) {
            float part = mask[i % mask.length];
            both[i] = (1 - part) * known[i] + part * painted[i];
        }
        return both;
    }

    /// A picture `[3, H, W]` in [0, 1] to scaled latents, drawn from the encoder's distribution.
    private float[] encode(Plan plan, float[] image, TorchGenerator generator, GenerationListener listener) {
        Executable encoder = parts.vae(listener).at(new ModelParts.VaeSize(false, plan.height(), plan.width()));
        float[] centred = new float[image.length];
        for (int i = 0; i < image.length; i++) {
            centred[i] = 2 * image[i] - 1;
        }
        encoder.set("image", centred);
        encoder.run(listener::isCancelled);
        var distribution = new DiagonalGaussianDistribution(encoder.get("mean"), encoder.get("logvar"));
        return scaled(distribution.sample(generator.randn(plan.latent().count())), (float) parts.vaeConfig().scalingFactor());
    }

    /// Scaled latents to a picture `[3, H, W]` in [0, 1].
    private float[] decode(Plan plan, float[] latents, GenerationListener listener) {
        LatentShape shape = plan.latent();
        float[] unscaled = latents.clone();
        for (int i = 0; i < unscaled.length; i++) {
            unscaled[i] /= (float) parts.vaeConfig().scalingFactor();
        }
        CompiledNetwork<ModelParts.VaeSize> vae = parts.vae(listener);
        listener.onPhase("decoding");
        var latent = new Images(1, shape.channels(), shape.height(), shape.width(), unscaled);
        Images picture = decoder(shape).decode(latent, tile -> {
            Executable executable = vae.at(new ModelParts.VaeSize(true, tile.height(), tile.width()));
            executable.set("latent", tile.values());
            executable.run(listener::isCancelled);
            return new Images(1, 3, tile.height() * parts.scaleFactor(), tile.width() * parts.scaleFactor(),
                    executable.get("decoded"));
        });
        float[] planes = picture.values();
        for (int i = 0; i < planes.length; i++) {
            planes[i] = Math.clamp(planes[i] / 2 + 0.5f, 0f, 1f);
        }
        return planes;
    }

    /// Large pictures are decoded in tiles: in low memory mode those larger than the model's own size, else those with
    /// more than four times its area.
    private TiledDecoder decoder(LatentShape latent) {
        TiledDecoder tiles = TiledDecoder.of(parts.vaeConfig());
        int side = tiles.tileSize() * (parts.lowMemory() ? 1 : 2);
        return (long) latent.height() * latent.width() > (long) side * side ? tiles
                : new TiledDecoder(Math.max(latent.height(), latent.width()), parts.scaleFactor(), tiles.overlap());
    }

    @Override
    public void close() {
        parts.close();
    }
}
