package dev.cathode.engine.train.recipe;

import dev.cathode.engine.diffusion.schedulers.PredictionType;
import java.util.Optional;

/// The model that training begins with.
///
/// @param pretrainedModelNameOrPath its folder or file
/// @param pretrainedTextEncoderNameOrPath a folder with a text encoder and tokenizer that take its own's place
/// @param trainTextEncoder whether the text encoder is trained as well; if not given, fine-tuning trains it unless it
///         took the place of the model's own
/// @param randomUnet whether the U-Net's weights are drawn anew instead of read
/// @param randomTextEncoder the same for the text encoder
/// @param randomVae the same for the autoencoder
/// @param predictionType what the U-Net learns to predict; empty: what the model's scheduler says
public record ModelSettings(String pretrainedModelNameOrPath, Optional<String> pretrainedTextEncoderNameOrPath,
        boolean trainTextEncoder, boolean randomUnet, boolean randomTextEncoder, boolean randomVae,
        Optional<PredictionType> predictionType) {
    static ModelSettings read(RecipeFields fields, TrainingMethod.Kind method) {
        Optional<String> textEncoder = fields.text("pretrained_text_encoder_name_or_path");
        boolean both = method == TrainingMethod.Kind.FINETUNE && textEncoder.isEmpty();
        return new ModelSettings(fields.text("pretrained_model_name_or_path").orElseThrow(() ->
                        new IllegalArgumentException("pretrained_model_name_or_path is missing: the folder of the model"
                                + " that training begins with")),
                textEncoder, fields.flag("train_text_encoder", both), fields.flag("random_unet", false),
                fields.flag("random_text_encoder", false), fields.flag("random_vae", false),
                fields.constant("prediction_type", PredictionType.class));
    }

    void write(RecipeWriter out) {
        out.put("pretrained_model_name_or_path", pretrainedModelNameOrPath)
                .put("pretrained_text_encoder_name_or_path", pretrainedTextEncoderNameOrPath)
                .put("train_text_encoder", trainTextEncoder).put("random_unet", randomUnet)
                .put("random_text_encoder", randomTextEncoder).put("random_vae", randomVae)
                .put("prediction_type", predictionType);
    }
}
