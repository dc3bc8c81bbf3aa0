package dev.cathode.engine.train.recipe;

import java.util.OptionalDouble;

/// What the noise and the loss are made of.
///
/// @param snrGamma γ of Min-SNR weighting ([Hang et al.](https://arxiv.org/abs/2303.09556)); empty: all timesteps
///         count the same
/// @param noiseOffset standard deviation of a number that is added to all noise of a channel; 0: none
/// @param conditioningDropout the part of the samples whose caption is taken away, for classifier-free guidance
public record LossSettings(OptionalDouble snrGamma, double noiseOffset, double conditioningDropout) {
    public LossSettings {
        snrGamma.ifPresent(gamma -> Require.positive("snr_gamma", gamma));
        Require.notNegative("noise_offset", noiseOffset);
        Require.fraction("conditioning_dropout", conditioningDropout);
    }

    static LossSettings read(RecipeFields fields) {
        return new LossSettings(fields.optionalNumber("snr_gamma"), fields.number("noise_offset", 0),
                fields.number("conditioning_dropout", 0));
    }

    void write(RecipeWriter out) {
        out.put("snr_gamma", snrGamma).put("noise_offset", noiseOffset)
                .put("conditioning_dropout", conditioningDropout);
    }
}
