package dev.cathode.cli;

import dev.cathode.engine.diffusion.GeneratedImage;
import dev.cathode.engine.diffusion.GenerationListener;
import dev.cathode.engine.diffusion.ImageRequest;
import dev.cathode.engine.diffusion.ImageRequest.Source;
import dev.cathode.engine.diffusion.PipelineOptions;
import dev.cathode.engine.diffusion.PipelineOptions.MemoryMode;
import dev.cathode.engine.diffusion.StableDiffusionPipeline;
import dev.cathode.engine.image.ImageFiles;
import dev.cathode.engine.image.Resampling;
import dev.cathode.engine.image.RgbImage;
import dev.cathode.kernels.cpu.WeightStorage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/// Pictures by Stable Diffusion.
final class PipelinePainter implements Painter {
    private final StableDiffusionPipeline pipeline;
    private final Optional<RgbImage> image;
    private final Optional<RgbImage> mask;
    private final List<float[]> latents;
    private final Progress progress;
    /// The pictures to start from, fitted to a size; the strength is the same for all.
    private final Map<ImageSize, Source> sources = new HashMap<>();
    /// Prompts that were too long, each warned of once.
    private final Set<String> warned = new HashSet<>();

    private PipelinePainter(StableDiffusionPipeline pipeline, Optional<RgbImage> image, Optional<RgbImage> mask,
                            List<float[]> latents, Progress progress) {
        this.pipeline = pipeline;
        this.image = image;
        this.mask = mask;
        this.latents = latents;
        this.progress = progress;
    }

    /// Opens the model and reads the pictures to start from.
    ///
    /// @param latents one for each picture, or none
    /// @throws IOException if a file cannot be read
    /// @throws dev.cathode.weights.CheckpointException if the model cannot
    static PipelinePainter open(SampleOptions options, List<float[]> latents, Progress progress) throws IOException {
        Optional<RgbImage> image = read(options.source.image);
        Optional<RgbImage> mask = read(options.source.mask);
        return new PipelinePainter(load(options.model, progress), image, mask, latents, progress);
    }

    private static Optional<RgbImage> read(Path file) throws IOException {
        return file == null ? Optional.empty() : Optional.of(ImageFiles.read(file));
    }

    private static StableDiffusionPipeline load(SampleOptions.Model model, Progress progress) {
        PipelineOptions options = pipelineOptions(model);
        NumberType type = model.dtype == null ? NumberType.BFLOAT16 : model.dtype; // what a GPU is made for
        return model.device.gpu(type.inFiles(), false, progress::note)
                .map(gpu -> StableDiffusionPipeline.load(model.path, options, gpu))
                .orElseGet(() -> StableDiffusionPipeline.load(model.path, options));
    }

    private static PipelineOptions pipelineOptions(SampleOptions.Model model) {
        PipelineOptions options = PipelineOptions.defaults().withModel(model.toOptions());
        options = options.withMemory(switch (model.memory) {
            case HIGH -> MemoryMode.HIGH;
            case NORMAL -> MemoryMode.NORMAL;
            case LOW -> MemoryMode.LOW;
        });
        if (model.threads != null) {
            options = options.withThreads(model.threads);
        }
        if (model.dtype != null) {
            options = switch (model.dtype) {
                case FLOAT32 -> options.withStorage(WeightStorage.F32);
                case FLOAT16 -> options.withStorage(WeightStorage.F16);
                case BFLOAT16 -> options.withMixedPrecision();
            };
        }
        return options;
    }

    /// That of the picture to start from, else the model's.
    @Override
    public ImageSize defaultSize() {
        return image.map(start -> new ImageSize(start.width(), start.height()).whole(pipeline.sizeMultiple()))
                .orElseGet(() -> new ImageSize(pipeline.defaultSize(), pipeline.defaultSize()));
    }

    @Override
    public void check(Recipe recipe, int index) {
        pipeline.check(request(recipe, index, false));
        if (index == 0) {
            image.ifPresent(start -> noteDistortion(start, recipe.size()));
        }
    }

    private void noteDistortion(RgbImage start, ImageSize size) {
        double distortion = (double) start.width() * size.height() / ((double) start.height() * size.width());
        if (Math.abs(Math.log(distortion)) > 0.02) {
            progress.note("cathode sample: warning: --image is " + start.width() + "x" + start.height()
                    + " and is stretched to " + size);
        }
    }

    private ImageRequest request(Recipe recipe, int index, boolean last) {
        ImageRequest.Builder request = ImageRequest.builder(recipe.prompt()).negativePrompt(recipe.negativePrompt())
                .steps(recipe.steps()).guidanceScale(recipe.guidanceScale())
                .size(recipe.size().width(), recipe.size().height()).seed(recipe.seed())
                .scheduler(recipe.scheduler()).clipSkip(recipe.clipSkip()).last(last);
        if (!latents.isEmpty()) {
            request.initialLatents(latents.get(index));
        }
        image.ifPresent(start -> request.source(
                sources.computeIfAbsent(recipe.size(), size -> source(start, size, recipe.strength()))));
        return request.build();
    }

    private Source source(RgbImage start, ImageSize size, double strength) {
        float[] planes = fit(start, size).toPlanes();
        return mask.<Source>map(area -> new Source.Inpaint(planes, fit(area, size).luma(), strength))
                .orElseGet(() -> new Source.Image(planes, strength));
    }

    /// As diffusers fits pictures.
    private static RgbImage fit(RgbImage picture, ImageSize size) {
        return picture.resize(size.width(), size.height(), Resampling.LANCZOS);
    }

    @Override
    public GeneratedImage paint(Recipe recipe, int index, boolean last, Progress.Bar bar) {
        List<GeneratedImage> images = new ArrayList<>();
        pipeline.generate(request(recipe, index, last), new GenerationListener() {
            @Override
            public void onPhase(String what) {
                bar.phase(what);
            }

            @Override
            public void onPromptTruncated(String prompt, String cut) {
                if (warned.add(prompt)) {
                    progress.note("cathode sample: warning: a prompt is too long; this has no effect: \"" + cut + "\"");
                }
            }

            @Override
            public void onStep(int number, int step, int steps, Supplier<Optional<RgbImage>> preview) {
                bar.step(step, steps);
            }

            @Override
            public void onImage(GeneratedImage made) {
                images.add(made);
            }
        });
        return images.getFirst();
    }

    @Override
    public void close() {
        pipeline.close();
    }
}
