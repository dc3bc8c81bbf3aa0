package dev.cathode.engine.train.recipe;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// What is trained, and on what: the key `method` and the keys that only one method has.
public sealed interface TrainingMethod {
    /// The methods by their name in a recipe.
    enum Kind {
        FINETUNE, DREAMBOOTH, TEXTUAL_INVERSION, LORA, TEXTUAL_PROJECTION, VAE
    }

    /// The name in a recipe.
    default Kind kind() {
        return switch (this) {
            case FineTune() -> Kind.FINETUNE;
            case DreamBooth d -> Kind.DREAMBOOTH;
            case TextualInversion t -> Kind.TEXTUAL_INVERSION;
            case Lora l -> Kind.LORA;
            case TextualProjection t -> Kind.TEXTUAL_PROJECTION;
            case Vae v -> Kind.VAE;
        };
    }

    /// The U-Net, and the text encoder with it where `train_text_encoder` says so, on captioned pictures.
    record FineTune() implements TrainingMethod {
    }

    /// A few pictures that share one prompt ([Ruiz et al.](https://arxiv.org/abs/2208.12242)).
    ///
    /// @param instanceDataDir their folder
    /// @param instancePrompt their prompt
    /// @param prior what keeps the model from forgetting the class
    record DreamBooth(Path instanceDataDir, String instancePrompt, Optional<PriorPreservation> prior)
            implements TrainingMethod {
    }

    /// Pictures of the class, drawn by the model before it is trained, in each batch beside the instances.
    ///
    /// @param classDataDir their folder; drawn into it as far as there are fewer than `numClassImages`
    /// @param classPrompt their prompt
    /// @param numClassImages how many there shall be
    /// @param priorLossWeight of their loss, beside 1 for the instances
    record PriorPreservation(Path classDataDir, String classPrompt, int numClassImages, double priorLossWeight) {
        public PriorPreservation {
            Require.positive("num_class_images", numClassImages);
            Require.notNegative("prior_loss_weight", priorLossWeight);
        }
    }

    /// One new token's embedding ([Gal et al.](https://arxiv.org/abs/2208.01618)).
    ///
    /// @param placeholderToken the new token
    /// @param initializerToken the token whose embedding it begins with
    record TextualInversion(String placeholderToken, String initializerToken) implements TrainingMethod {
        public TextualInversion {
            if (placeholderToken.isBlank()) {
                throw new IllegalArgumentException("placeholder_token must not be empty");
            }
        }
    }

    /// Low-rank additions to linear layers ([Hu et al.](https://arxiv.org/abs/2106.09685)).
    ///
    /// @param rank of the additions
    /// @param loraAlpha the additions are scaled by `loraAlpha / rank`
    /// @param loraLayers ends of the names of the layers that get one
    record Lora(int rank, double loraAlpha, List<String> loraLayers) implements TrainingMethod {
        /// The attention layers, as in diffusers.
        public static final List<String> ATTENTION = List.of("to_k", "to_q", "to_v", "to_out.0");

        public Lora {
            Require.positive("rank", rank);
            Require.positive("lora_alpha", loraAlpha);
            loraLayers = List.copyOf(loraLayers);
            if (loraLayers.isEmpty()) {
                throw new IllegalArgumentException("lora_layers must name at least one layer");
            }
        }
    }

    /// A small network between a frozen text encoder of another kind and the frozen U-Net (roentgen.md B.6).
    ///
    /// @param loss what teaches it
    record TextualProjection(Loss loss) implements TrainingMethod {
        /// What the projection is taught by.
        public enum Loss {
            /// The noise that the U-Net predicts with its output.
            DIFFUSION,
            /// The hidden states of the model's own text encoder.
            HIDDEN_STATES
        }
    }

    /// The autoencoder: reconstruction, and a pull of the latents towards a normal distribution.
    ///
    /// @param klScale weight of that pull
    record Vae(double klScale) implements TrainingMethod {
        public Vae {
            Require.notNegative("kl_scale", klScale);
        }
    }
}
