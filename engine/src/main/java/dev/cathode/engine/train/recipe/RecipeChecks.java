package dev.cathode.engine.train.recipe;

/// Settings that are fine alone and make no sense together.
final class RecipeChecks {
    private RecipeChecks() {
    }

    /// @throws IllegalArgumentException if they do not fit; names the keys
    static void check(TrainingMethod method, ModelSettings model, DataSettings data, LossSettings loss) {
        data(method, data);
        trained(method, model);
        caches(method, model, data);
        if (method instanceof TrainingMethod.Vae) {
            refuse(loss.conditioningDropout() > 0, "method vae", "conditioning_dropout");
        }
    }

    private static void data(TrainingMethod method, DataSettings data) {
        boolean own = method instanceof TrainingMethod.DreamBooth;
        if (own && data.trainDataDir().isPresent()) {
            throw new IllegalArgumentException(
                    "method dreambooth reads instance_data_dir; train_data_dir has no meaning there");
        }
        if (!own && data.trainDataDir().isEmpty()) {
            throw new IllegalArgumentException("train_data_dir is missing: the folder of the pictures and captions");
        }
    }

    private static void trained(TrainingMethod method, ModelSettings model) {
        String name = "method " + RecipeFields.lower(method.kind());
        boolean otherEncoder = model.pretrainedTextEncoderNameOrPath().isPresent();
        switch (method) {
            case TrainingMethod.FineTune() -> { }
            case TrainingMethod.DreamBooth d -> {
                refuse(model.randomUnet(), name, "random_unet");
                refuse(model.randomTextEncoder(), name, "random_text_encoder");
            }
            case TrainingMethod.Lora l -> {
                refuse(model.randomUnet(), name, "random_unet");
                refuse(model.randomTextEncoder(), name, "random_text_encoder");
            }
            case TrainingMethod.TextualInversion t -> {
                refuse(model.trainTextEncoder(), name, "train_text_encoder");
                refuse(model.randomUnet(), name, "random_unet");
                refuse(model.randomTextEncoder(), name, "random_text_encoder");
            }
            case TrainingMethod.TextualProjection t -> {
                refuse(model.trainTextEncoder(), name, "train_text_encoder");
                refuse(model.randomUnet(), name, "random_unet");
                refuse(model.randomTextEncoder(), name, "random_text_encoder");
                if (!otherEncoder) {
                    throw new IllegalArgumentException(name + " needs pretrained_text_encoder_name_or_path");
                }
            }
            case TrainingMethod.Vae v -> {
                refuse(model.trainTextEncoder(), name, "train_text_encoder");
                refuse(model.randomUnet(), name, "random_unet");
                refuse(model.randomTextEncoder(), name, "random_text_encoder");
                refuse(otherEncoder, name, "pretrained_text_encoder_name_or_path");
            }
        }
        if (model.randomVae() && !(method instanceof TrainingMethod.Vae)) {
            throw new IllegalArgumentException("random_vae needs method vae: with " + name
                    + " the autoencoder is never trained");
        }
        if (model.randomTextEncoder() && !model.trainTextEncoder()) {
            throw new IllegalArgumentException("random_text_encoder needs train_text_encoder: true");
        }
        if (model.randomTextEncoder() && otherEncoder) {
            throw new IllegalArgumentException(
                    "random_text_encoder and pretrained_text_encoder_name_or_path exclude each other");
        }
    }

    private static void caches(TrainingMethod method, ModelSettings model, DataSettings data) {
        boolean encoderChanges = model.trainTextEncoder() || method instanceof TrainingMethod.TextualInversion;
        if (data.cacheTextEmbeddings() && encoderChanges) {
            throw new IllegalArgumentException("cache_text_embeddings needs a text encoder that is not trained");
        }
        if (method instanceof TrainingMethod.Vae) {
            refuse(data.cacheLatents(), "method vae", "cache_latents");
            refuse(data.cacheTextEmbeddings(), "method vae", "cache_text_embeddings");
        }
    }

    private static void refuse(boolean given, String method, String key) {
        if (given) {
            throw new IllegalArgumentException(method + " and " + key + " exclude each other");
        }
    }
}
