package dev.cathode.cli;

import dev.cathode.engine.diffusion.schedulers.Schedulers;
import dev.cathode.engine.image.ImageFormat;
import dev.cathode.roentgen.phantom.PhantomModel;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// The options of `sample`, in the groups that its help shows. An option that was not given is null, where that differs
/// from its default.
final class SampleOptions {
    /// The headings in the help.
    static final List<String> GROUPS = List.of("Model", "Picture", "From another picture", "Output");

    @Mixin(name = "Model")
    Model model = new Model();
    @Mixin(name = "Picture")
    Look look = new Look();
    @Mixin(name = "From another picture")
    Source source = new Source();
    @Mixin(name = "Output")
    Output output = new Output();

    /// How much memory may be spent for speed.
    enum Memory {
        HIGH, NORMAL, LOW;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    static final class Model extends ModelFiles {
        @Option(names = "--model", paramLabel = "PATH", defaultValue = PhantomModel.NAME, order = -2, // before the rest
                converter = ModelConverter.class, description = "Model folder (diffusers layout) or single-file"
                + " checkpoint (default: phantom, which comes with Cathode and draws chest films).")
        Path path;
        @Option(names = "--dtype", paramLabel = "TYPE", description = "float32, or bfloat16: products of 16-bit"
                + " numbers, faster and in less memory, the same picture to the eye; or float16: weights kept in 16 bits,"
                + " products in float32. Without it: weights as they are stored, products in float32. A GPU computes"
                + " in the type that is named, bfloat16 without one.")
        NumberType dtype;
        @Option(names = "--memory", paramLabel = "MODE", description = "How much memory speed may cost: high, normal,"
                + " or low (slower, one network at a time).")
        Memory memory = Memory.NORMAL;
        @Option(names = "--threads", paramLabel = "N",
                description = "Threads to compute with (default: all processors).")
        Integer threads;
        @Mixin
        DeviceOptions device = new DeviceOptions();
    }

    /// For help and completion.
    static final class SchedulerNames implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            return Schedulers.names().iterator();
        }
    }

    static final class Look {
        @Option(names = "--negative", paramLabel = "TEXT", description = "What the picture shall not show.")
        String negative = "";
        @Option(names = "--steps", paramLabel = "N", description = "Denoising steps (default: 75).")
        int steps = 75;
        @Option(names = "--guidance", paramLabel = "SCALE",
                description = "How closely to follow the prompt; 1 switches guidance off (default: 4).")
        double guidance = 4;
        @Option(names = "--seed", paramLabel = "N", description = "Seed of the first picture; the next ones count up."
                + " The same seed gives the same noise as in PyTorch. Without it: by chance.")
        Long seed;
        @Option(names = "--size", paramLabel = "WxH", converter = ImageSize.Converter.class,
                description = "Size in pixels, multiples of 8 (default: the model's, like 512x512).")
        ImageSize size;
        @Option(names = "--scheduler", paramLabel = "NAME",
                completionCandidates = SchedulerNames.class,
                description = "Sampling method (default: the model's): ${COMPLETION-CANDIDATES}.")
        String scheduler;
        @Option(names = "--clip-skip", paramLabel = "N",
                description = "Leave out the last N layers of the text encoder (default: 0).")
        int clipSkip;
        @Option(names = "--latents", paramLabel = "FILE", description = "Start from the tensor 'latents' of a"
                + " safetensors file (float32 [N, 4, height/8, width/8], one for each picture) instead of noise.")
        Path latents;
    }

    static final class Source {
        @Option(names = "--image", paramLabel = "FILE", description = "Start from this picture.")
        Path image;
        @Option(names = "--strength", paramLabel = "S",
                description = "How much of it to change, above 0 up to 1 (default: 0.8).")
        Double strength;
        @Option(names = "--mask", paramLabel = "FILE",
                description = "Change only where this picture is white; needs --image.")
        Path mask;
    }

    static final class Output {
        @Option(names = {"-o", "--out"}, paramLabel = "PATH",
                description = "Picture file (.png, .jpg), or folder for pictures named by their seed (default: here).")
        Path out = Path.of("");
        @Option(names = "--format", paramLabel = "FORMAT", description = "png or jpeg (default: png).")
        ImageFormat format;
        @Option(names = "--quality", paramLabel = "Q", description = "Of a JPEG, 1 to 100 (default: 95).")
        int quality = 95;
        @Option(names = "--count", paramLabel = "N", description = "Pictures for each prompt (default: 1).")
        Integer count;
        @Option(names = "--prompts", paramLabel = "FILE", description = "Make a picture for each line of a text file,"
                + " or each row of a CSV file with the columns prompt[,negative,seed,steps,guidance,width,height,out]."
                + " Run again, it goes on where it stopped.")
        Path prompts;
        @Option(names = "--overwrite", description = "With --prompts: make pictures anew that are there already.")
        boolean overwrite;
        @Option(names = "--dump", paramLabel = "FILE", description = "Also write initial_latents, final_latents and"
                + " image (float32, before rounding to 8 bits) of all pictures to a safetensors file.")
        Path dump;
        @Option(names = "--json", description = "Print a line of JSON for each picture instead of its file name.")
        boolean json;
    }
}
