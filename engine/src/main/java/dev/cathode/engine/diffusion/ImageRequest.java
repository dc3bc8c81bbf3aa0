package dev.cathode.engine.diffusion;

import java.util.Optional;

/// What to draw.
///
/// @param prompt what the picture shows
/// @param negativePrompt what it shall not show; empty for nothing
/// @param steps denoising steps, at least 1
/// @param guidanceScale how strongly the prompt counts (classifier-free guidance); at 1 or less the network runs on the
///         prompt alone
/// @param width columns of the picture, a multiple of the VAE's factor (8); 0 for the model's own size
/// @param height rows, likewise
/// @param seed of the first picture; picture i has seed + i, and does not depend on how many there are
/// @param scheduler a scheduler's name; empty for the model's own
/// @param count how many pictures
/// @param source what the pictures start from
/// @param clipSkip text encoder layers to leave out at the end
/// @param initialLatents `[count, C, h, w]`, standard normal numbers in place of those drawn from the seed
/// @param last whether no request follows: the U-Net then leaves memory before the last picture is decoded. The picture
///         is the same; a request that follows all the same loads the U-Net again
public record ImageRequest(String prompt, String negativePrompt, int steps, double guidanceScale, int width, int height,
                           long seed, String scheduler, int count, Source source, int clipSkip,
                           Optional<float[]> initialLatents, boolean last) {
    /// What a picture starts from.
    public sealed interface Source {
        /// Noise.
        record Noise() implements Source { }

        /// Another picture (SDEdit, "img2img").
        ///
        /// @param image `[3, height, width]`, 0 black, 1 white, of the request's size
        /// @param strength how much of it is replaced, more than 0, at most 1
        record Image(float[] image, double strength) implements Source { }

        /// A picture of which a part is drawn anew ("inpainting").
        ///
        /// @param image `[3, height, width]`, 0 black, 1 white, of the request's size
        /// @param mask `[height, width]`, 1 where to draw, 0 where to keep
        /// @param strength how much of the masked part is replaced, more than 0, at most 1
        record Inpaint(float[] image, float[] mask, double strength) implements Source { }
    }

    /// Checks.
    public ImageRequest {
        require(steps >= 1, "steps must be at least 1, not " + steps);
        require(count >= 1, "count must be at least 1, not " + count);
        require(clipSkip >= 0, "clip skip must not be negative: " + clipSkip);
        require(Double.isFinite(guidanceScale), "guidance scale must be a number, not " + guidanceScale);
        require(width >= 0 && height >= 0, "the size must not be negative: " + width + "x" + height);
        double strength = switch (source) {
            case Source.Noise _ -> 1;
            case Source.Image image -> image.strength();
            case Source.Inpaint inpaint -> inpaint.strength();
        };
        require(strength > 0 && strength <= 1, "strength must be more than 0 and at most 1, not " + strength);
        require(source instanceof Source.Noise || width > 0 && height > 0,
                "the size must be given with an image: that of the image");
    }

    private static void require(boolean holds, String message) {
        if (!holds) {
            throw new IllegalArgumentException(message);
        }
    }

    /// Starts a request with the usual settings of Stable Diffusion: 50 steps, guidance 7.5, seed 0, one picture.
    public static Builder builder(String prompt) {
        return new Builder(prompt);
    }

    /// Collects the settings of a request.
    public static final class Builder {
        private final String prompt;
        private String negativePrompt = "";
        private int steps = 50;
        private double guidanceScale = 7.5;
        private int width;
        private int height;
        private long seed;
        private String scheduler = "";
        private int count = 1;
        private Source source = new Source.Noise();
        private int clipSkip;
        private Optional<float[]> initialLatents = Optional.empty();
        private boolean last;

        private Builder(String prompt) {
            this.prompt = prompt;
        }

        /// What the picture shall not show.
        public Builder negativePrompt(String text) {
            negativePrompt = text;
            return this;
        }

        /// Denoising steps.
        public Builder steps(int number) {
            steps = number;
            return this;
        }

        /// How strongly the prompt counts.
        public Builder guidanceScale(double scale) {
            guidanceScale = scale;
            return this;
        }

        /// Columns and rows of the picture.
        public Builder size(int columns, int rows) {
            width = columns;
            height = rows;
            return this;
        }

        /// Seed of the first picture.
        public Builder seed(long number) {
            seed = number;
            return this;
        }

        /// A scheduler in place of the model's own.
        public Builder scheduler(String name) {
            scheduler = name;
            return this;
        }

        /// How many pictures.
        public Builder count(int number) {
            count = number;
            return this;
        }

        /// What to start from.
        public Builder source(Source start) {
            source = start;
            return this;
        }

        /// Text encoder layers to leave out at the end.
        public Builder clipSkip(int layers) {
            clipSkip = layers;
            return this;
        }

        /// Numbers in place of those drawn from the seed.
        public Builder initialLatents(float[] numbers) {
            initialLatents = Optional.of(numbers);
            return this;
        }

        /// Whether no request follows.
        public Builder last(boolean isLast) {
            last = isLast;
            return this;
        }

        /// The request.
        ///
        /// @throws IllegalArgumentException if a setting makes no sense
        public ImageRequest build() {
            return new ImageRequest(prompt, negativePrompt, steps, guidanceScale, width, height, seed, scheduler, count,
                    source, clipSkip, initialLatents, last);
        }
    }
}
