package dev.cathode.cli;

import dev.cathode.engine.image.ImageFormat;
import dev.cathode.weights.LoraOption;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/// From options to the list of pictures: what each is made of and where it goes.
final class SamplePlan {
    private static final double STRENGTH = 0.8;

    private final SampleOptions options;
    private final Recipe plain;
    private final SecureRandom chance = new SecureRandom();

    /// @param defaultSize of pictures if the options say nothing
    /// @throws IOException if an input file cannot be read
    SamplePlan(SampleOptions options, ImageSize defaultSize) throws IOException {
        this.options = options;
        SampleOptions.Model model = options.model;
        SampleOptions.Look look = options.look;
        plain = new Recipe("", look.negative, 0, look.steps, look.guidance,
                Objects.requireNonNullElse(look.size, defaultSize), Objects.requireNonNullElse(look.scheduler, ""),
                model.path.toRealPath().getFileName().toString(), Objects.requireNonNullElse(model.variant, ""),
                model.dtype == null ? "as stored" : model.dtype.toString(), look.clipSkip,
                Objects.requireNonNullElse(options.source.strength, STRENGTH), loras(model.loras), input(options.source.image),
                input(options.source.mask), input(look.latents));
    }

    private static List<Recipe.Lora> loras(List<LoraOption> options) throws IOException {
        List<Recipe.Lora> loras = new ArrayList<>();
        for (LoraOption lora : options) {
            loras.add(new Recipe.Lora(InputFile.of(lora.file()), lora.scale()));
        }
        return loras;
    }

    private static Optional<InputFile> input(Path file) throws IOException {
        return file == null ? Optional.empty() : Optional.of(InputFile.of(file));
    }

    /// The pictures of one prompt. They go into the file of `--out`, numbered if there are several, or into the folder,
    /// named by their seeds.
    ///
    /// @throws IllegalArgumentException if a file's name does not fit its format
    List<Picture> one(String prompt) {
        int count = Objects.requireNonNullElse(options.output.count, 1);
        boolean any = options.look.seed == null;
        long seed = any ? chance.nextInt(Integer.MAX_VALUE) : options.look.seed;
        Path out = options.output.out;
        List<Picture> pictures = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Path file = Destinations.isFile(out) ? Destinations.numbered(out, i + 1, count)
                    : out.resolve("cathode-" + (seed + i) + "." + extension());
            pictures.add(picture(file, recipe(PromptFile.Row.of(prompt), seed + i), any));
        }
        return pictures;
    }

    /// The pictures of a file of prompts. They go into the folder of `--out`, named by the row's `out`, else by its
    /// number. Picture k of all has seed + k, unless its row has a seed.
    ///
    /// @throws IllegalArgumentException if `--out` is no folder, or a file's name does not fit its format
    List<Picture> all(List<PromptFile.Row> rows) {
        Path out = options.output.out;
        if (Destinations.isFile(out)) {
            throw new IllegalArgumentException("--out must be a folder with --prompts, not " + out);
        }
        int count = Objects.requireNonNullElse(options.output.count, 1);
        List<Picture> pictures = new ArrayList<>();
        for (int row = 0; row < rows.size(); row++) {
            PromptFile.Row wish = rows.get(row);
            Path name = Path.of(wish.out().orElse("%04d.%s".formatted(row + 1, extension())));
            for (int i = 0; i < count; i++) {
                boolean any = wish.seed().isEmpty() && options.look.seed == null;
                long seed = any ? chance.nextInt(Integer.MAX_VALUE)
                        : wish.seed().isPresent() ? wish.seed().get() + i : options.look.seed + pictures.size();
                Path file = out.resolve(withExtension(name));
                pictures.add(picture(Destinations.numbered(file, i + 1, count), recipe(wish, seed), any));
            }
        }
        return pictures;
    }

    private Recipe recipe(PromptFile.Row row, long seed) {
        ImageSize size = new ImageSize(row.width().orElse(plain.size().width()),
                row.height().orElse(plain.size().height()));
        return plain.with(row.prompt(), row.negative().orElse(plain.negativePrompt()), seed,
                row.steps().orElse(plain.steps()), row.guidance().orElse(plain.guidanceScale()), size);
    }

    private Picture picture(Path file, Recipe recipe, boolean anySeed) {
        return new Picture(file, Destinations.format(file, options.output.format), recipe, anySeed);
    }

    private String extension() {
        return Objects.requireNonNullElse(options.output.format, ImageFormat.PNG).extension();
    }

    private Path withExtension(Path name) {
        return name.getFileName().toString().contains(".") ? name
                : name.resolveSibling(name.getFileName() + "." + extension());
    }
}
