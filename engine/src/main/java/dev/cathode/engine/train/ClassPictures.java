package dev.cathode.engine.train;

import dev.cathode.engine.data.PromptedFolder;
import dev.cathode.engine.diffusion.GeneratedImage;
import dev.cathode.engine.diffusion.GenerationListener;
import dev.cathode.engine.diffusion.ImageRequest;
import dev.cathode.engine.diffusion.PipelineOptions;
import dev.cathode.engine.diffusion.StableDiffusionPipeline;
import dev.cathode.engine.image.ImageFiles;
import dev.cathode.engine.image.ImageFormat;
import dev.cathode.engine.train.recipe.TrainingMethod.PriorPreservation;
import dev.cathode.engine.train.recipe.TrainingRecipe;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.stream.Stream;

/// The pictures of the class in DreamBooth's prior preservation: those that are in the folder, and as many more as are
/// missing, drawn by the model as it is before training (50 steps, guidance 7.5). Each has a seed of its own, so a
/// folder that was not finished is gone on with.
final class ClassPictures {
    private final TrainingRecipe recipe;
    private final PriorPreservation prior;
    private final TrainingListener listener;

    private ClassPictures(TrainingRecipe recipe, PriorPreservation prior, TrainingListener listener) {
        this.recipe = recipe;
        this.prior = prior;
        this.listener = listener;
    }

    /// Opens the folder, and fills it if need be.
    ///
    /// @param listener told how far it is, and asked whether to stop
    /// @throws InterruptedIOException if it was told to stop
    static PromptedFolder open(TrainingRecipe recipe, PriorPreservation prior, TrainingListener listener)
            throws IOException {
        Files.createDirectories(prior.classDataDir());
        int missing = prior.numClassImages() - count(prior);
        if (missing > 0) {
            new ClassPictures(recipe, prior, listener).draw(missing);
        }
        return PromptedFolder.open(prior.classDataDir(), prior.classPrompt());
    }

    private static int count(PriorPreservation prior) throws IOException {
        try (Stream<Path> files = Files.list(prior.classDataDir())) {
            return files.anyMatch(file -> !file.getFileName().toString().startsWith("."))
                    ? PromptedFolder.open(prior.classDataDir(), prior.classPrompt()).size() : 0;
        }
    }

    private void draw(int missing) throws IOException {
        if (recipe.model().pretrainedTextEncoderNameOrPath().isPresent()) {
            throw new IllegalArgumentException("class_data_dir: " + prior.classDataDir() + " lacks " + missing
                    + " pictures, which the model cannot draw with the text encoder of"
                    + " pretrained_text_encoder_name_or_path: fill the folder, or leave that key out");
        }
        try (var pipeline = StableDiffusionPipeline.load(Path.of(recipe.model().pretrainedModelNameOrPath()),
                PipelineOptions.defaults())) {
            int done = 0;
            for (int i = 0; done < missing; i++) {
                Path file = prior.classDataDir().resolve("class-%05d.png".formatted(i));
                if (!Files.exists(file)) {
                    listener.onPhase("drawing pictures of the class, " + done + " of " + missing);
                    draw(pipeline, i, file);
                    done++;
                }
            }
        } catch (CancellationException e) {
            var stopped = new InterruptedIOException("stopped while pictures of the class were drawn: those in "
                    + prior.classDataDir() + " will be there next time");
            stopped.initCause(e);
            throw stopped;
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    private void draw(StableDiffusionPipeline pipeline, int number, Path file) {
        int side = recipe.data().resolution();
        pipeline.generate(ImageRequest.builder(prior.classPrompt()).seed(recipe.steps().seed() + number)
                .size(side, side).build(), new GenerationListener() {
                    @Override
                    public void onImage(GeneratedImage image) {
                        try {
                            ImageFiles.write(file, image.toRgb(), ImageFormat.PNG, 100, Map.of());
                        } catch (IOException e) {
                            throw new UncheckedIOException(e);
                        }
                    }

                    @Override
                    public boolean isCancelled() {
                        return listener.isCancelled();
                    }
                });
    }
}
