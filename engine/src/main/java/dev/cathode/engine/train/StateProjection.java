package dev.cathode.engine.train;

import dev.cathode.engine.data.ImageTextDataset;
import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Ops;
import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.graph.Value;
import dev.cathode.engine.image.RgbImage;
import dev.cathode.engine.runtime.Device;
import dev.cathode.engine.runtime.Executable;
import dev.cathode.engine.train.TrainingRandom.Stream;
import dev.cathode.engine.train.recipe.TrainingRecipe;
import dev.cathode.weights.Checkpoint;
import dev.cathode.weights.DType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Textual projection taught by words alone: the projected states shall be those that the model's own text encoder
/// gives for the same caption, position by position. Pictures are not read.
final class StateProjection implements TrainingTask<String> {
    private static final String TARGET = "target";

    private final TrainingRecipe recipe;
    private final TrainedModel model;
    private final ImageTextDataset data;
    private final Variant variant;
    private final TextConditioning own;
    private final TrainingRandom random;
    private final Optional<PictureSampler> sampler;

    /// @param model closed with this
    /// @throws IllegalArgumentException if the two text encoders' states have different shapes
    StateProjection(Device device, TrainingRecipe recipe, TrainedModel model, ImageTextDataset data) {
        this.recipe = recipe;
        this.model = model;
        this.data = data;
        variant = new ProjectionVariant(device, recipe, model);
        own = model.ownCaptions(device, recipe);
        random = new TrainingRandom(recipe.steps().seed());
        sampler = recipe.validation().prompts().isEmpty() ? Optional.empty()
                : Optional.of(new PictureSampler(device, recipe, model, variant));
        if (own.count() != model.text().length() * model.text().hiddenSize()) {
            throw new IllegalArgumentException("projection_loss hidden_states: the model's own text encoder gives "
                    + own.count() + " numbers for a caption, the projection "
                    + model.text().length() * model.text().hiddenSize());
        }
    }

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
        Value projected = variant.addContext(graph, batch, "");
        graph.output(StepGraphs.LOSS, Ops.meanSquaredError(projected,
                graph.input(TARGET, DType.F32, projected.shape())));
        return graph;
    }

    @Override
    public String read(int index) {
        return data.caption(index);
    }

    @Override
    public void set(Executable executable, Place place, List<String> samples) {
        List<String> captions = new ArrayList<>();
        float[] target = new float[samples.size() * own.count()];
        for (int i = 0; i < samples.size(); i++) {
            boolean dropped = !place.heldOut() && random.coin(Stream.CONDITIONING_DROPOUT, place.step(),
                    place.first() + i, recipe.loss().conditioningDropout());
            captions.add(dropped ? "" : samples.get(i));
            System.arraycopy(own.encode(captions.get(i)), 0, target, i * own.count(), own.count());
        }
        variant.setCaptions(executable, captions);
        executable.set(TARGET, target);
    }

    @Override
    public Map<String, RgbImage> pictures(TrainingState state) {
        return sampler.map(s -> Map.of("validation/samples", s.draw(state))).orElse(Map.of());
    }

    @Override
    public void write(Path folder, TrainingState state, boolean average) throws IOException {
        variant.write(folder, state, average);
    }

    @Override
    public void close() {
        sampler.ifPresent(PictureSampler::close);
        own.close();
        variant.close();
        model.close();
    }
}
