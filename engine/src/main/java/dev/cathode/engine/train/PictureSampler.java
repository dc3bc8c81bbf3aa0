package dev.cathode.engine.train;

import dev.cathode.engine.diffusion.Guidance;
import dev.cathode.engine.diffusion.schedulers.Sampling;
import dev.cathode.engine.diffusion.schedulers.Schedulers;
import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.graph.Value;
import dev.cathode.engine.image.RgbImage;
import dev.cathode.engine.models.AutoencoderKL;
import dev.cathode.engine.models.UNet2DConditionModel;
import dev.cathode.engine.nn.Scope;
import dev.cathode.engine.runtime.CompileOptions;
import dev.cathode.engine.runtime.Device;
import dev.cathode.engine.runtime.DeviceWeights;
import dev.cathode.engine.runtime.Executable;
import dev.cathode.engine.train.recipe.TrainingRecipe;
import dev.cathode.weights.DType;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// Pictures drawn during training with the parameters as they are, or with their moving average where there is one: one
/// row of a grid for each validation prompt. The noise they begin with is always the same.
final class PictureSampler implements AutoCloseable {
    private static final int STEPS = 25;
    private static final float GUIDANCE = 4;

    private final Device device;
    private final TrainingRecipe recipe;
    private final TrainedModel model;
    private final Variant variant;
    private DeviceWeights weights;
    private Executable unet;
    private Executable decoder;

    PictureSampler(Device device, TrainingRecipe recipe, TrainedModel model, Variant variant) {
        this.device = device;
        this.recipe = recipe;
        this.model = model;
        this.variant = variant;
    }

    private void compile(TrainingState state) {
        weights = device.weights(variant.weights(), state.variables());
        String average = recipe.ema().isPresent() ? StepGraphs.EMA + "/" : "";
        int side = recipe.data().resolution() / model.vae().scaleFactor();
        Graph noise = new Graph();
        Value sample = noise.input("sample", DType.F32, Shape.of(2, model.unet().inChannels(), side, side));
        Value timestep = noise.input("timestep", DType.F32, Shape.of(2));
        Set<String> others = Set.copyOf(noise.inputs().keySet());
        Value context = variant.addContext(noise, 2, average);
        Set<String> texts = new HashSet<>(noise.inputs().keySet());
        texts.removeAll(others);
        noise.output("out", UNet2DConditionModel.forward(variant.unet(noise, average), model.unet(), sample, timestep,
                context));
        Graph pictures = new Graph();
        Value latent = pictures.input("latent", DType.F32, Shape.of(1, model.vae().latentChannels(), side, side));
        pictures.output("image", AutoencoderKL.decode(new Scope(pictures, TrainedModel.VAE), model.vae(), latent));
        unet = device.compile(noise, weights, CompileOptions.defaults().withConstantInputs(texts));
        decoder = device.compile(pictures, weights, CompileOptions.defaults());
    }

    /// A grid of pictures.
    RgbImage draw(TrainingState state) {
        if (weights == null) {
            compile(state);
        }
        List<String> prompts = recipe.validation().prompts();
        int images = recipe.validation().images();
        List<RgbImage> pictures = new ArrayList<>();
        for (String prompt : prompts) {
            variant.setCaptions(unet, List.of("", prompt));
            for (int column = 0; column < images; column++) {
                pictures.add(picture(column));
            }
        }
        return RgbImage.grid(pictures, images);
    }

    private RgbImage picture(int number) {
        Sampling sampling = Schedulers.of(model.scheduler()).start(STEPS);
        TrainingRandom random = new TrainingRandom(recipe.steps().seed());
        int side = recipe.data().resolution() / model.vae().scaleFactor();
        int count = model.vae().latentChannels() * side * side;
        float[] latent = random.normal(TrainingRandom.Stream.SAMPLING, 0, number, count);
        for (int i = 0; i < count; i++) {
            latent[i] *= sampling.initNoiseSigma();
        }
        for (int i = 0; i < sampling.count(); i++) {
            float[] guided = Guidance.predict(unet, sampling.scaleModelInput(i, latent), sampling.timestep(i), 2,
                    GUIDANCE, () -> false);
            int step = i;
            latent = sampling.step(i, guided, latent, () -> random.normal(TrainingRandom.Stream.SAMPLING, 1 + step, number,
                    count));
        }
        for (int i = 0; i < count; i++) {
            latent[i] = (float) (latent[i] / model.vae().scalingFactor());
        }
        decoder.set("latent", latent);
        decoder.run();
        return RgbImage.ofCentredPlanes(decoder.get("image"), recipe.data().resolution(), recipe.data().resolution());
    }

    @Override
    public void close() {
        if (weights != null) {
            unet.close();
            decoder.close();
            weights.close();
        }
    }
}
