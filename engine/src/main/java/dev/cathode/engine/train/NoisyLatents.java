package dev.cathode.engine.train;

import dev.cathode.engine.models.DiagonalGaussianDistribution;
import dev.cathode.engine.runtime.Executable;
import dev.cathode.engine.train.TrainingRandom.Stream;
import dev.cathode.engine.train.TrainingTask.Place;
import dev.cathode.engine.train.recipe.LossSettings;
import java.util.List;

/// Sets the inputs of a [DiffusionLoss] but the text: latents drawn from the distributions of pictures, noise,
/// timesteps.
final class NoisyLatents {
    private final TrainedModel model;
    private final DiffusionLoss loss;
    private final LossSettings settings;
    private final TrainingRandom random;
    private final int count;

    /// @param count numbers of one latent
    NoisyLatents(TrainedModel model, DiffusionLoss loss, LossSettings settings, TrainingRandom random, int count) {
        this.model = model;
        this.loss = loss;
        this.settings = settings;
        this.random = random;
        this.count = count;
    }

    /// Sets the inputs of a batch.
    ///
    /// @param numbers the place of each sample among those of the step, for its random numbers
    void set(Executable executable, Place place, List<DiagonalGaussianDistribution> pictures, long[] numbers) {
        float[] clean = new float[numbers.length * count];
        float[] noise = new float[numbers.length * count];
        int[] timesteps = new int[numbers.length];
        for (int i = 0; i < numbers.length; i++) {
            System.arraycopy(latent(pictures.get(i), place, numbers[i]), 0, clean, i * count, count);
            random.normal(place.heldOut() ? Stream.VALIDATION_NOISE : Stream.NOISE, place.step(), numbers[i], noise,
                    i * count, count);
            offset(noise, i * count, place, numbers[i]);
            timesteps[i] = random.uniform(place.heldOut() ? Stream.VALIDATION_TIMESTEP : Stream.TIMESTEP, place.step(),
                    numbers[i], loss.schedule().timesteps());
        }
        executable.set("latents", clean);
        executable.set("noise", noise);
        loss.setTimesteps(executable, timesteps, settings.snrGamma().orElse(0));
    }

    private float[] latent(DiagonalGaussianDistribution picture, Place place, long number) {
        float[] drawn = picture.sample(random.normal(place.heldOut() ? Stream.VALIDATION_LATENT : Stream.LATENT,
                place.step(), number, count));
        for (int i = 0; i < drawn.length; i++) {
            drawn[i] = (float) (drawn[i] * model.vae().scalingFactor());
        }
        return drawn;
    }

    /// One number more for all noise of a channel, so that the model learns to change the mean brightness as well.
    private void offset(float[] noise, int first, Place place, long number) {
        double offset = settings.noiseOffset();
        if (offset == 0 || place.heldOut()) {
            return;
        }
        int channels = model.vae().latentChannels();
        int pixels = count / channels;
        float[] shifts = random.normal(Stream.NOISE_OFFSET, place.step(), number, channels);
        for (int j = 0; j < count; j++) {
            noise[first + j] += (float) (offset * shifts[j / pixels]);
        }
    }
}
