package dev.cathode.roentgen.experiment;

import dev.cathode.engine.diffusion.GeneratedImage;
import dev.cathode.engine.diffusion.GenerationListener;
import dev.cathode.engine.diffusion.ImageRequest;
import dev.cathode.engine.diffusion.StableDiffusionPipeline;
import dev.cathode.engine.image.ImageFiles;
import dev.cathode.engine.image.ImageFormat;
import dev.cathode.engine.image.RgbImage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;

/// Films that a model makes of impressions: one PNG for each in a folder. Those that are there are kept, so a run that
/// was interrupted goes on.
///
/// @param folder made where it is missing
/// @param steps of the scheduler
/// @param guidanceScale of classifier-free guidance
/// @param seed of all films; each film's own is this plus the CRC-32 of its id, so it does not depend on which others
///         are made
public record SyntheticFilms(Path folder, int steps, double guidanceScale, long seed) {
    /// Hears how far the work is.
    @FunctionalInterface
    public interface Listener {
        /// So many of all films are there.
        void films(int done, int all);
    }

    /// Makes the films that are not there yet.
    ///
    /// @param ids names of the films
    /// @param prompts what they show, in the same order
    /// @throws IOException if a film cannot be written
    public void make(StableDiffusionPipeline model, List<String> ids, List<String> prompts, Listener listener)
            throws IOException {
        Files.createDirectories(folder);
        for (int i = 0; i < ids.size(); i++) {
            Path file = file(ids.get(i));
            if (!Files.exists(file)) {
                RgbImage film = film(model, prompts.get(i), seed(ids.get(i)));
                ImageFiles.write(file, film, ImageFormat.PNG, 100, Map.of("Description", prompts.get(i)));
            }
            listener.films(i + 1, ids.size());
        }
    }

    private long seed(String id) {
        CRC32 hash = new CRC32();
        hash.update(id.getBytes(StandardCharsets.UTF_8));
        return seed + hash.getValue();
    }

    private RgbImage film(StableDiffusionPipeline model, String prompt, long filmSeed) {
        List<GeneratedImage> made = new ArrayList<>();
        model.generate(ImageRequest.builder(prompt).steps(steps).guidanceScale(guidanceScale)
                .size(model.defaultSize(), model.defaultSize()).seed(filmSeed).build(), new GenerationListener() {
                    @Override
                    public void onImage(GeneratedImage image) {
                        made.add(image);
                    }
                });
        return made.getFirst().toRgb();
    }

    /// Where a film is.
    public Path file(String id) {
        return folder.resolve(id + ".png");
    }
}
