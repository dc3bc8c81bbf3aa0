package dev.cathode.engine.train;

import dev.cathode.engine.data.ImageTextDataset;
import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Ops;
import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.graph.Value;
import dev.cathode.engine.image.RgbImage;
import dev.cathode.engine.models.AutoencoderKL;
import dev.cathode.engine.nn.Scope;
import dev.cathode.engine.runtime.CompileOptions;
import dev.cathode.engine.runtime.Device;
import dev.cathode.engine.runtime.DeviceWeights;
import dev.cathode.engine.runtime.Executable;
import dev.cathode.engine.train.TrainingRandom.Stream;
import dev.cathode.engine.train.recipe.TrainingMethod;
import dev.cathode.engine.train.recipe.TrainingRecipe;
import dev.cathode.kernels.cpu.Activation;
import dev.cathode.weights.Checkpoint;
import dev.cathode.weights.DType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// The autoencoder: pictures should come back as they were, from latents that are drawn from nearly normal
/// distributions (Kingma & Welling 2014, https://arxiv.org/abs/1312.6114): `mean (decode(mean + std·ε) - x)² + scale ·
/// KL`.
///
/// The written model's `scaling_factor` is one over the standard deviation of its latents, so that a U-Net sees numbers
/// of unit variance (Rombach et al. 2022, https://arxiv.org/abs/2112.10752, appendix G).
public final class AutoencoderTraining implements TrainingTask<float[]> {
    /// Pictures whose latents the scaling factor is measured on, and those that are shown.
    private static final int MEASURED = 64;
    private static final int SHOWN = 8;

    private final Device device;
    private final TrainingRecipe recipe;
    private final TrainedModel model;
    private final ImageTextDataset data;
    private final TrainingRandom random;
    private final double klScale;

    /// @param model closed with this
    public AutoencoderTraining(Device device, TrainingRecipe recipe, TrainedModel model, ImageTextDataset data,
                               TrainingMethod.Vae method) {
        this.device = device;
        this.recipe = recipe;
        this.model = model;
        this.data = data;
        random = new TrainingRandom(recipe.steps().seed());
        klScale = method.klScale();
    }

    private int side() {
        return recipe.data().resolution();
    }

    private Shape latentShape(int batch) {
        int side = side() / model.vae().scaleFactor();
        return Shape.of(batch, model.vae().latentChannels(), side, side);
    }

    @Override
    public Checkpoint weights() {
        return model.weights();
    }

    @Override
    public Map<String, Shape> trainable() {
        return TrainingStep.parameters(loss(1), name -> name.startsWith(TrainedModel.VAE));
    }

    @Override
    public Graph loss(int batch) {
        Graph graph = new Graph();
        Scope at = new Scope(graph, TrainedModel.VAE);
        Value image = graph.input("image", DType.F32, Shape.of(batch, model.vae().inChannels(), side(), side()));
        Value noise = graph.input("noise", DType.F32, latentShape(batch));
        AutoencoderKL.Moments moments = AutoencoderKL.encode(at, model.vae(), image);
        Value deviation = Ops.activate(Ops.affine(moments.logvar(), 0.5, 0), Activation.EXP);
        Value latent = Ops.add(moments.mean(), Ops.multiply(deviation, noise));
        Value error = Ops.meanSquaredError(AutoencoderKL.decode(at, model.vae(), latent), image);
        graph.output("loss", Ops.add(error, Ops.affine(AutoencoderKL.klDivergence(moments), klScale, 0)));
        return graph;
    }

    @Override
    public float[] read(int index) throws IOException {
        return recipe.data().imageFit().apply(data.image(index), side()).toCentredPlanes();
    }

    @Override
    public void set(Executable loss, Place place, List<float[]> samples) {
        int pixels = samples.getFirst().length;
        int latents = latentShape(1).intCount();
        float[] images = new float[samples.size() * pixels];
        float[] noise = new float[samples.size() * latents];
        for (int i = 0; i < samples.size(); i++) {
            System.arraycopy(samples.get(i), 0, images, i * pixels, pixels);
            random.normal(place.heldOut() ? Stream.VALIDATION_LATENT : Stream.LATENT, place.step(), place.first() + i, noise,
                    i * latents, latents);
        }
        loss.set("image", images);
        loss.set("noise", noise);
    }

    // ---- results

    /// Some pictures above what the autoencoder makes of them.
    @Override
    public Map<String, RgbImage> pictures(TrainingState state) {
        int shown = Math.min(SHOWN, data.size());
        List<RgbImage> originals = new ArrayList<>();
        List<RgbImage> decoded = new ArrayList<>();
        try (DeviceWeights weights = device.weights(model.weights(), state.variables());
                Executable round = device.compile(roundTrip(prefix(recipe.ema().isPresent())), weights,
                        CompileOptions.defaults())) {
            for (int i = 0; i < shown; i++) {
                float[] planes = read(i);
                round.set("image", planes);
                round.run();
                originals.add(RgbImage.ofCentredPlanes(planes, side(), side()));
                decoded.add(RgbImage.ofCentredPlanes(round.get("decoded"), side(), side()));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        originals.addAll(decoded);
        return Map.of("validation/reconstructions", RgbImage.grid(originals, shown));
    }

    private static String prefix(boolean average) {
        return (average ? StepGraphs.EMA + "/" : "") + TrainedModel.VAE;
    }

    private Graph roundTrip(String prefix) {
        Graph graph = new Graph();
        Scope at = new Scope(graph, prefix);
        Value image = graph.input("image", DType.F32, Shape.of(1, model.vae().inChannels(), side(), side()));
        AutoencoderKL.Moments moments = AutoencoderKL.encode(at, model.vae(), image);
        graph.output("mean", moments.mean());
        graph.output("logvar", moments.logvar());
        graph.output("decoded", AutoencoderKL.decode(at, model.vae(), moments.mean()));
        return graph;
    }

    @Override
    public void write(Path folder, TrainingState state, boolean average) throws IOException {
        ModelFolderWriter.write(folder, model, state, average, scalingFactor(state, average));
    }

    /// One over the standard deviation of latents drawn from the distributions of some pictures.
    private double scalingFactor(TrainingState state, boolean average) throws IOException {
        double squares = 0;
        double sum = 0;
        long count = 0;
        try (DeviceWeights weights = device.weights(model.weights(), state.variables());
                Executable round = device.compile(roundTrip(prefix(average)), weights, CompileOptions.defaults())) {
            for (int i = 0; i < Math.min(MEASURED, data.size()); i++) {
                round.set("image", read(i));
                round.run();
                float[] mean = round.get("mean");
                float[] logvar = round.get("logvar");
                for (int j = 0; j < mean.length; j++) {
                    squares += (double) mean[j] * mean[j] + Math.exp(logvar[j]);
                    sum += mean[j];
                }
                count += mean.length;
            }
        }
        double mean = sum / count;
        return 1 / Math.sqrt(squares / count - mean * mean);
    }

    @Override
    public void close() {
        model.close();
    }
}
