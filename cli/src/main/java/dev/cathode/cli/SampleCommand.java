package dev.cathode.cli;

import dev.cathode.engine.diffusion.GeneratedImage;
import dev.cathode.weights.LoraOption;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// Makes pictures from text.
@Command(name = "sample", description = "Make pictures from text.", sortOptions = false,
        abbreviateSynopsis = true,
        footer = {"",
            "Prints the name of each file as soon as it is written. Pictures carry how they were made: PNG in the text"
                + " chunks 'parameters' and 'cathode', JPEG in comments. Interrupted, it leaves the finished pictures.",
            "",
            "Examples:",
            "  cathode sample \"a lighthouse at dawn\" --model sd14 --seed 1 -o dawn.png",
            "  cathode sample \"the same in oil\" --model sd14 --image dawn.png --strength 0.6",
            "  cathode sample --prompts prompts.csv --model sd14 --seed 1 -o pictures"})
final class SampleCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "PROMPT", arity = "0..1", description = "What the picture shows.")
    private String prompt;

    @Mixin
    private final SampleOptions options = new SampleOptions();

    @Override
    public Integer call() throws IOException {
        checkOptions();
        Path given = options.look.latents;
        List<float[]> latents = given == null ? List.of() : TensorFiles.latents(given);
        if (!latents.isEmpty() && options.output.count == null) {
            options.output.count = latents.size();
        }
        require(latents.isEmpty() || options.output.count == latents.size(),
                "--latents holds " + latents.size() + " latents, but --count is " + options.output.count);
        Progress progress = Progress.onTerminal(spec.commandLine().getErr());
        try (Painter painter = PipelinePainter.open(options, latents, progress)) {
            run(painter, progress);
        }
        return CathodeCommand.DONE;
    }

    private void run(Painter painter, Progress progress) throws IOException {
        List<Picture> pictures = plan(painter);
        Path dump = options.output.dump;
        List<Path> files = pictures.stream().map(Picture::file).toList();
        Destinations.prepare(dump == null ? files : Stream.concat(files.stream(), Stream.of(dump)).toList());
        boolean[] finished = new boolean[pictures.size()];
        if (options.output.prompts != null && !options.output.overwrite) {
            for (int i = 0; i < finished.length; i++) {
                finished[i] = Destinations.isFinished(pictures.get(i));
            }
        }
        List<GeneratedImage> images = new ArrayList<>();
        Batch batch = new Batch(pictures, options.output.quality, options.output.json, spec.commandLine().getOut(),
                spec.commandLine().getErr());
        batch.run(painter, finished, dump == null ? image -> { } : images::add, progress);
        if (dump != null) {
            TensorFiles.dump(dump, images);
        }
    }

    private List<Picture> plan(Painter painter) throws IOException {
        SamplePlan plan = new SamplePlan(options, painter.defaultSize());
        try {
            List<Picture> pictures = options.output.prompts == null ? plan.one(prompt)
                    : plan.all(PromptFile.read(options.output.prompts));
            for (int i = 0; i < pictures.size(); i++) {
                painter.check(pictures.get(i).recipe(), i);
            }
            return pictures;
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
    }

    /// What can be seen to be wrong before any file is opened.
    private void checkOptions() throws IOException {
        SampleOptions.Output output = options.output;
        require(prompt != null || output.prompts != null, "a PROMPT is missing, or --prompts FILE");
        require(prompt == null || output.prompts == null, "PROMPT and --prompts exclude each other");
        require(output.prompts == null || output.dump == null, "--dump does not go with --prompts");
        require(output.prompts == null || options.look.latents == null, "--latents does not go with --prompts");
        require(output.prompts != null || !output.overwrite, "--overwrite goes with --prompts only");
        require(output.count == null || output.count >= 1, "--count must be at least 1, not " + output.count);
        require(output.quality >= 1 && output.quality <= 100,
                "--quality must be from 1 to 100, not " + output.quality);
        require(options.model.threads == null || options.model.threads >= 1,
                "--threads must be at least 1, not " + options.model.threads);
        require(options.look.steps >= 1, "--steps must be at least 1, not " + options.look.steps);
        require(options.look.clipSkip >= 0, "--clip-skip must not be negative: " + options.look.clipSkip);
        require(Double.isFinite(options.look.guidance), "--guidance must be a number, not " + options.look.guidance);
        SampleOptions.Source source = options.source;
        require(source.image != null || source.mask == null, "--mask needs --image");
        require(source.image != null || source.strength == null, "--strength needs --image");
        require(source.image == null || options.look.latents == null, "--latents does not go with --image");
        require(source.strength == null || source.strength > 0 && source.strength <= 1,
                "--strength must be above 0 and at most 1, not " + source.strength);
        try {
            options.model.toOptions();
        } catch (IllegalArgumentException e) {
            require(false, e.getMessage());
        }
        Stream<Path> files = Stream.concat(options.model.loras.stream().map(LoraOption::file),
                Stream.of(options.model.path, options.model.configs, output.prompts, options.look.latents, source.image,
                        source.mask));
        for (Path file : files.filter(Objects::nonNull).toList()) {
            if (!Files.exists(file)) {
                throw new NoSuchFileException(file.toString());
            }
        }
    }

    private void require(boolean holds, String message) {
        if (!holds) {
            throw new ParameterException(spec.commandLine(), message);
        }
    }
}
