package dev.cathode.engine.train.recipe;

import dev.cathode.engine.image.ImageFit;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/// What is trained on.
///
/// @param trainDataDir pictures with captions; DreamBooth has folders of its own
/// @param captionColumn where a table of the folder holds the captions
/// @param views only pictures of these views, as the data set names them; empty: all
/// @param maxTrainSamples only so many samples; empty: all
/// @param validationSplit the part of the samples, at least 0 and below 1, that is held out of training
/// @param resolution side of the squares that the pictures become, in pixels
/// @param imageFit how they become squares
/// @param dataloaderNumWorkers threads that read pictures; 0: the training thread does it
/// @param cacheLatents whether the frozen autoencoder sees each picture only once
/// @param cacheTextEmbeddings whether the frozen text encoder sees each caption only once
public record DataSettings(Optional<Path> trainDataDir, String captionColumn, List<String> views,
        OptionalInt maxTrainSamples, double validationSplit, int resolution, ImageFit imageFit,
        int dataloaderNumWorkers, boolean cacheLatents, boolean cacheTextEmbeddings) {
    private static final int MOST_WORKERS = 256;

    public DataSettings {
        views = List.copyOf(views);
        maxTrainSamples.ifPresent(samples -> Require.positive("max_train_samples", samples));
        if (!(validationSplit >= 0 && validationSplit < 1)) {
            throw new IllegalArgumentException("validation_split must be at least 0 and below 1: " + validationSplit);
        }
        if (resolution < 8 || resolution % 8 != 0) {
            throw new IllegalArgumentException("resolution must be a multiple of 8: " + resolution);
        }
        if (dataloaderNumWorkers < 0 || dataloaderNumWorkers > MOST_WORKERS) {
            throw new IllegalArgumentException("dataloader_num_workers must be between 0 and " + MOST_WORKERS + ": "
                    + dataloaderNumWorkers);
        }
    }

    static DataSettings read(RecipeFields fields) {
        return new DataSettings(fields.path("train_data_dir"), fields.text("caption_column", "text"),
                fields.texts("views", List.of()), fields.optionalInteger("max_train_samples"),
                fields.number("validation_split", 0), fields.integer("resolution", 512),
                fields.constant("image_fit", ImageFit.COVER, ImageFit.class), fields.integer("dataloader_num_workers", 2),
                fields.flag("cache_latents", false), fields.flag("cache_text_embeddings", false));
    }

    void write(RecipeWriter out) {
        out.put("train_data_dir", trainDataDir).put("caption_column", captionColumn).putUnlessEmpty("views", views)
                .put("max_train_samples", maxTrainSamples).put("validation_split", validationSplit)
                .put("resolution", resolution).put("image_fit", imageFit)
                .put("dataloader_num_workers", dataloaderNumWorkers).put("cache_latents", cacheLatents)
                .put("cache_text_embeddings", cacheTextEmbeddings);
    }
}
