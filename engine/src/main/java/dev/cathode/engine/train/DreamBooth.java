package dev.cathode.engine.train;

import dev.cathode.engine.data.ImageTextDataset;
import dev.cathode.engine.data.PromptedFolder;
import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.graph.Value;
import dev.cathode.engine.image.RgbImage;
import dev.cathode.engine.models.DiagonalGaussianDistribution;
import dev.cathode.engine.models.UNet2DConditionModel;
import dev.cathode.engine.runtime.Device;
import dev.cathode.engine.runtime.Executable;
import dev.cathode.engine.train.TrainingRandom.Stream;
import dev.cathode.engine.train.recipe.TrainingMethod.PriorPreservation;
import dev.cathode.engine.train.recipe.TrainingRecipe;
import dev.cathode.weights.Checkpoint;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// A few pictures of one thing, beside pictures that the model drew of its class so that it does not forget them (Ruiz
/// et al. 2023, https://arxiv.org/abs/2208.12242). Without prior preservation DreamBooth is [FineTuning].
///
/// A batch holds as many pictures of the class as of the instance, after them; those of the class come in random order,
/// all of them before one comes again.
final class DreamBooth implements TrainingTask<FineTuning.Sample> {
    /// Samples of the class are numbered from here on, so that their random numbers are their own.
    private static final long CLASS_NUMBERS = 1L << 40;

    private final TrainingRecipe recipe;
    private final PriorPreservation prior;
    private final TrainedModel model;
    private final FineTuning instances;
    private final Variant variant;
    private final TrainingRandom random;
    private final DiffusionLoss loss;
    private final int classes;
    private final LatentCache classLatents;

    /// Prepares training: draws the pictures of the class if they are not there.
    ///
    /// @param model closed with this
    /// @param listener told how far preparing is
    /// @throws IOException if a picture cannot be read or written
    DreamBooth(Device device, TrainingRecipe recipe, PriorPreservation prior, TrainedModel model, ImageTextDataset data,
               TrainingListener listener) throws IOException {
        this.recipe = recipe;
        this.prior = prior;
        this.model = model;
        PromptedFolder folder = ClassPictures.open(recipe, prior, listener);
        classes = folder.size();
        variant = new WholeNetworks(device, recipe, model);
        instances = new FineTuning(device, recipe, model, variant, data, listener);
        random = new TrainingRandom(recipe.steps().seed());
        loss = FineTuning.loss(recipe, model);
        classLatents = LatentCache.open(recipe.output().outputDir().resolve("class_latents.cache"),
                FineTuning.origin(recipe, model, folder), classes, instances.encoder(), index ->
                        recipe.data().imageFit().apply(folder.image(index), recipe.data().resolution()).toCentredPlanes(),
                listener);
    }

    @Override
    public Checkpoint weights() {
        return variant.weights();
    }

    @Override
    public Map<String, Shape> trainable() {
        return instances.trainable();
    }

    @Override
    public Graph loss(int batch) {
        Graph graph = new Graph();
        Value context = variant.addContext(graph, 2 * batch, "");
        loss.addToWithPrior(graph, instances.encoder().shape(2 * batch), prior.priorLossWeight(), (noisy, timestep) ->
                UNet2DConditionModel.forward(variant.unet(graph, ""), model.unet(), noisy, timestep, context));
        return graph;
    }

    @Override
    public FineTuning.Sample read(int index) throws IOException {
        return instances.read(index);
    }

    @Override
    public void set(Executable executable, Place place, List<FineTuning.Sample> samples) {
        int batch = samples.size();
        List<DiagonalGaussianDistribution> pictures = new ArrayList<>();
        List<String> captions = new ArrayList<>();
        long[] numbers = new long[2 * batch];
        for (int i = 0; i < batch; i++) {
            FineTuning.Sample sample = samples.get(i);
            pictures.add(instances.latent(sample));
            captions.add(sample.caption());
            numbers[i] = place.first() + i;
            numbers[batch + i] = CLASS_NUMBERS + numbers[i];
        }
        for (int i = 0; i < batch; i++) {
            pictures.add(classPicture(place, numbers[i]));
            captions.add(prior.classPrompt());
        }
        for (int i = 0; i < 2 * batch; i++) {
            if (!place.heldOut() && random.coin(Stream.CONDITIONING_DROPOUT, place.step(), numbers[i],
                    recipe.loss().conditioningDropout())) {
                captions.set(i, "");
            }
        }
        instances.inputs().set(executable, place, pictures, numbers);
        variant.setCaptions(executable, captions);
    }

    private DiagonalGaussianDistribution classPicture(Place place, long number) {
        long position = place.heldOut() ? number : place.step() * recipe.steps().samplesPerStep() + number;
        int[] order = random.permutation(Stream.CLASS_ORDER, position / classes, classes);
        try {
            return classLatents.get(order[(int) (position % classes)]);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public Map<String, RgbImage> pictures(TrainingState state) {
        return instances.pictures(state);
    }

    @Override
    public void write(Path folder, TrainingState state, boolean average) throws IOException {
        instances.write(folder, state, average);
    }

    @Override
    public void close() {
        classLatents.close();
        instances.close();
    }
}
