package dev.cathode.engine.train;

import dev.cathode.engine.data.ImageTextDataset;
import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.graph.Value;
import dev.cathode.engine.image.RgbImage;
import dev.cathode.engine.models.DiagonalGaussianDistribution;
import dev.cathode.engine.models.UNet2DConditionModel;
import dev.cathode.engine.nn.Scope;
import dev.cathode.engine.runtime.Device;
import dev.cathode.engine.runtime.Executable;
import dev.cathode.engine.train.TrainingRandom.Stream;
import dev.cathode.engine.train.recipe.TrainingRecipe;
import dev.cathode.weights.Checkpoint;
import dev.cathode.weights.DType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The U-Net, and the text encoder with it if the recipe says so, on pictures with captions: RoentGen's way, and the
/// `train_text_to_image` of diffusers.
///
/// The autoencoder is frozen. Each sample's latent is drawn anew from its distribution at every step; the distribution
/// may come from a cache. A frozen text encoder runs beside the loss, one that is trained is part of it.
public final class FineTuning implements TrainingTask<FineTuning.Sample> {
    private final TrainingRecipe recipe;
    private final TrainedModel model;
    private final ImageTextDataset data;
    private final TrainingRandom random;
    private final DiffusionLoss loss;
    private final LatentEncoder encoder;
    private final Optional<LatentCache> latents;
    private final Optional<TextConditioning> conditioning;
    private final Optional<PictureSampler> sampler;

    /// A sample as it was read.
    ///
    /// @param caption its caption
    /// @param planes the picture `[3, side, side]` in [-1, 1], or null if its latent is known
    /// @param latent the distribution of its latent, or null
    public record Sample(String caption, float[] planes, DiagonalGaussianDistribution latent) { }

    private FineTuning(Device device, TrainingRecipe recipe, TrainedModel model, ImageTextDataset data,
                       TrainingListener listener) throws IOException {
        this.recipe = recipe;
        this.model = model;
        this.data = data;
        random = new TrainingRandom(recipe.steps().seed());
        loss = new DiffusionLoss(model.noiseSchedule(),
                recipe.model().predictionType().orElseGet(model::predictionType), recipe.loss().snrGamma().isPresent());
        encoder = new LatentEncoder(device, model, recipe.data().resolution());
        conditioning = recipe.model().trainTextEncoder() ? Optional.empty()
                : Optional.of(new TextConditioning(device, model));
        sampler = recipe.validation().prompts().isEmpty() ? Optional.empty()
                : Optional.of(new PictureSampler(device, recipe, model));
        latents = recipe.data().cacheLatents() ? Optional.of(LatentCache.open(
                recipe.output().outputDir().resolve("latents.cache"), origin(), data.size(), encoder, this::planes, listener))
                : Optional.empty();
    }

    /// Prepares training.
    ///
    /// @param model closed with this
    /// @param listener told how far preparing is
    /// @throws IOException if a picture cannot be read
    public static FineTuning open(Device device, TrainingRecipe recipe, TrainedModel model, ImageTextDataset data,
                                  TrainingListener listener) throws IOException {
        return new FineTuning(device, recipe, model, data, listener);
    }

    private String origin() {
        return DataDigest.of(data) + ' ' + recipe.data().resolution() + ' ' + recipe.data().imageFit() + ' '
                + model.fingerprint(TrainedModel.VAE) + '\n';
    }

    private float[] planes(int index) throws IOException {
        return recipe.data().imageFit().apply(data.image(index), recipe.data().resolution()).toCentredPlanes();
    }

    // ---- the loss

    @Override
    public Checkpoint weights() {
        return model.weights();
    }

    @Override
    public Map<String, Shape> trainable() {
        return TrainingStep.parameters(loss(1), name -> name.startsWith(TrainedModel.UNET)
                || recipe.model().trainTextEncoder() && name.startsWith(TrainedModel.TEXT));
    }

    @Override
    public Graph loss(int batch) {
        Graph graph = new Graph();
        int length = model.text().length();
        Value context = conditioning.isPresent()
                ? graph.input("encoder_hidden_states", DType.F32, Shape.of(batch, length, model.text().hiddenSize()))
                : model.text().forward(new Scope(graph, TrainedModel.TEXT),
                        graph.input("input_ids", DType.I32, Shape.of(batch, length)));
        int side = encoder.latentSide();
        loss.addTo(graph, Shape.of(batch, model.vae().latentChannels(), side, side), (noisy, timestep) ->
                UNet2DConditionModel.forward(new Scope(graph, TrainedModel.UNET), model.unet(), noisy, timestep, context));
        return graph;
    }

    // ---- samples

    @Override
    public Sample read(int index) throws IOException {
        return latents.isPresent() ? new Sample(data.caption(index), null, latents.get().get(index))
                : new Sample(data.caption(index), planes(index), null);
    }

    @Override
    public void set(Executable executable, Place place, List<Sample> samples) {
        int count = encoder.count();
        float[] clean = new float[samples.size() * count];
        float[] noise = new float[samples.size() * count];
        int[] timesteps = new int[samples.size()];
        for (int i = 0; i < samples.size(); i++) {
            long number = place.first() + i;
            float[] latent = latent(samples.get(i), place, number);
            System.arraycopy(latent, 0, clean, i * count, count);
            random.normal(place.heldOut() ? Stream.VALIDATION_NOISE : Stream.NOISE, place.step(), number, noise, i * count,
                    count);
            timesteps[i] = random.uniform(place.heldOut() ? Stream.VALIDATION_TIMESTEP : Stream.TIMESTEP, place.step(),
                    number, loss.schedule().timesteps());
        }
        offset(noise, place, samples.size());
        executable.set("latents", clean);
        executable.set("noise", noise);
        loss.setTimesteps(executable, timesteps, recipe.loss().snrGamma().orElse(0));
        captions(executable, place, samples);
    }

    private float[] latent(Sample sample, Place place, long number) {
        DiagonalGaussianDistribution distribution = sample.latent() == null ? encoder.encode(sample.planes())
                : sample.latent();
        float[] drawn = distribution.sample(random.normal(place.heldOut() ? Stream.VALIDATION_LATENT : Stream.LATENT,
                place.step(), number, encoder.count()));
        for (int i = 0; i < drawn.length; i++) {
            drawn[i] = (float) (drawn[i] * model.vae().scalingFactor());
        }
        return drawn;
    }

    /// One number more for all noise of a channel, so that the model learns to change the mean brightness as well.
    private void offset(float[] noise, Place place, int samples) {
        double offset = recipe.loss().noiseOffset();
        if (offset == 0 || place.heldOut()) {
            return;
        }
        int channels = model.vae().latentChannels();
        int pixels = encoder.count() / channels;
        for (int i = 0; i < samples; i++) {
            float[] shifts = random.normal(Stream.NOISE_OFFSET, place.step(), place.first() + i, channels);
            for (int j = 0; j < channels * pixels; j++) {
                noise[i * channels * pixels + j] += (float) (offset * shifts[j / pixels]);
            }
        }
    }

    private void captions(Executable executable, Place place, List<Sample> samples) {
        int length = model.text().length();
        int[] ids = new int[samples.size() * length];
        float[] states = new float[conditioning.isPresent() ? samples.size() * conditioning.get().count() : 0];
        for (int i = 0; i < samples.size(); i++) {
            boolean dropped = !place.heldOut() && random.coin(Stream.CONDITIONING_DROPOUT, place.step(),
                    place.first() + i, recipe.loss().conditioningDropout());
            String caption = dropped ? "" : samples.get(i).caption();
            if (conditioning.isPresent()) {
                int count = conditioning.get().count();
                System.arraycopy(conditioning.get().encode(caption), 0, states, i * count, count);
            } else {
                System.arraycopy(model.tokenizer().encode(caption, length).ids(), 0, ids, i * length, length);
            }
        }
        if (conditioning.isPresent()) {
            executable.set("encoder_hidden_states", states);
        } else {
            executable.set("input_ids", ids);
        }
    }

    // ---- results

    @Override
    public Map<String, RgbImage> pictures(TrainingState state) {
        Map<String, RgbImage> pictures = new LinkedHashMap<>();
        sampler.ifPresent(s -> pictures.put("validation/samples", s.draw(state)));
        return pictures;
    }

    @Override
    public void write(Path folder, TrainingState state, boolean average) throws IOException {
        ModelFolderWriter.write(folder, model, state, average);
    }

    @Override
    public void close() {
        sampler.ifPresent(PictureSampler::close);
        conditioning.ifPresent(TextConditioning::close);
        latents.ifPresent(LatentCache::close);
        encoder.close();
        model.close();
    }
}
