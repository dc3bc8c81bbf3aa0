package dev.cathode.engine.train;

import dev.cathode.engine.data.ImageTextDataset;
import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.graph.Value;
import dev.cathode.engine.image.RgbImage;
import dev.cathode.engine.models.DiagonalGaussianDistribution;
import dev.cathode.engine.models.UNet2DConditionModel;
import dev.cathode.engine.runtime.Device;
import dev.cathode.engine.runtime.Executable;
import dev.cathode.engine.train.TrainingRandom.Stream;
import dev.cathode.engine.train.recipe.TrainingRecipe;
import dev.cathode.weights.Checkpoint;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.LongStream;

/// A diffusion model on pictures with captions. What of it is trained is the [Variant]'s: the U-Net, and the text
/// encoder with it if the recipe says so (RoentGen's way, and `train_text_to_image` of diffusers), or additions to
/// them.
///
/// The autoencoder is frozen. Each sample's latent is drawn anew from its distribution at every step; the distribution
/// may come from a cache.
public final class FineTuning implements TrainingTask<FineTuning.Sample> {
    private final TrainingRecipe recipe;
    private final TrainedModel model;
    private final Variant variant;
    private final ImageTextDataset data;
    private final TrainingRandom random;
    private final DiffusionLoss loss;
    private final LatentEncoder encoder;
    private final NoisyLatents inputs;
    private final Optional<LatentCache> latents;
    private final Optional<PictureSampler> sampler;

    /// A sample as it was read.
    ///
    /// @param caption its caption
    /// @param planes the picture `[3, side, side]` in [-1, 1], or null if its latent is known
    /// @param latent the distribution of its latent, or null
    public record Sample(String caption, float[] planes, DiagonalGaussianDistribution latent) { }

    /// @param model closed with this
    /// @param variant closed with this
    FineTuning(Device device, TrainingRecipe recipe, TrainedModel model, Variant variant, ImageTextDataset data,
               TrainingListener listener) throws IOException {
        this.recipe = recipe;
        this.model = model;
        this.variant = variant;
        this.data = data;
        random = new TrainingRandom(recipe.steps().seed());
        loss = loss(recipe, model);
        encoder = new LatentEncoder(device, model, recipe.data().resolution());
        inputs = new NoisyLatents(model, loss, recipe.loss(), random, encoder.count());
        sampler = recipe.validation().prompts().isEmpty() ? Optional.empty()
                : Optional.of(new PictureSampler(device, recipe, model, variant));
        latents = recipe.data().cacheLatents() ? Optional.of(LatentCache.open(
                recipe.output().outputDir().resolve("latents.cache"), origin(recipe, model, data), data.size(), encoder,
                this::planes, listener)) : Optional.empty();
    }

    /// Prepares training of whole networks.
    ///
    /// @param model closed with this
    /// @param listener told how far preparing is
    /// @throws IOException if a picture cannot be read
    public static FineTuning open(Device device, TrainingRecipe recipe, TrainedModel model, ImageTextDataset data,
                                  TrainingListener listener) throws IOException {
        return new FineTuning(device, recipe, model,
                new WholeNetworks(device, recipe, model), data, listener);
    }

    /// The loss that a recipe asks for.
    static DiffusionLoss loss(TrainingRecipe recipe, TrainedModel model) {
        return new DiffusionLoss(model.noiseSchedule(),
                recipe.model().predictionType().orElseGet(model::predictionType), recipe.loss().snrGamma().isPresent());
    }

    /// What a cache of latents depends on.
    static String origin(TrainingRecipe recipe, TrainedModel model, ImageTextDataset data) {
        return DataDigest.of(data) + ' ' + recipe.data().resolution() + ' ' + recipe.data().imageFit() + ' '
                + model.fingerprint(TrainedModel.VAE) + '\n';
    }

    LatentEncoder encoder() {
        return encoder;
    }

    NoisyLatents inputs() {
        return inputs;
    }

    /// The distribution of a sample's latent.
    DiagonalGaussianDistribution latent(Sample sample) {
        return sample.latent() != null ? sample.latent() : encoder.encode(sample.planes());
    }

    private float[] planes(int index) throws IOException {
        return recipe.data().imageFit().apply(data.image(index), recipe.data().resolution()).toCentredPlanes();
    }

    // ---- the loss

    @Override
    public Checkpoint weights() {
        return variant.weights();
    }

    @Override
    public Map<String, Shape> trainable() {
        return TrainingStep.parameters(loss(1), variant::trains);
    }

    @Override
    public Graph loss(int batch) {
        Graph graph = new Graph();
        Value context = variant.addContext(graph, batch, "");
        loss.addTo(graph, encoder.shape(batch), (noisy, timestep) ->
                UNet2DConditionModel.forward(variant.unet(graph, ""), model.unet(), noisy, timestep, context));
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
        long[] numbers = LongStream.range(place.first(), place.first() + samples.size()).toArray();
        inputs.set(executable, place, samples.stream().map(this::latent).toList(), numbers);
        List<String> captions = new ArrayList<>();
        for (int i = 0; i < numbers.length; i++) {
            boolean dropped = !place.heldOut() && random.coin(Stream.CONDITIONING_DROPOUT, place.step(), numbers[i],
                    recipe.loss().conditioningDropout());
            captions.add(dropped ? "" : variant.caption(samples.get(i).caption(), place, numbers[i]));
        }
        variant.setCaptions(executable, captions);
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
        variant.write(folder, state, average);
    }

    @Override
    public void close() {
        sampler.ifPresent(PictureSampler::close);
        latents.ifPresent(LatentCache::close);
        variant.close();
        encoder.close();
        model.close();
    }
}
