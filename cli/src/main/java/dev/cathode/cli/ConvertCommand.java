package dev.cathode.cli;

import dev.cathode.weights.Checkpoint;
import dev.cathode.weights.Checkpoints;
import dev.cathode.weights.ComponentNames;
import dev.cathode.weights.DType;
import dev.cathode.weights.ModelOptions;
import dev.cathode.weights.ModelSource;
import dev.cathode.weights.SafetensorsWriter;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// Rewrites weights: other formats, layouts, number types.
@Command(name = "convert", description = "Rewrite weights: other formats, layouts, number types.", sortOptions = false,
        footer = {"",
            "An OUT that ends with .safetensors is a file: of a model folder, the original single-file checkpoint; of a"
                + " weight file, the same tensors under the same names. Any other OUT is a model folder.",
            "",
            "Examples:",
            "  cathode convert sd-v1-4.ckpt sd14 --configs another-sd1-folder",
            "  cathode convert sd14 sd14-bf16 --dtype bfloat16",
            "  cathode convert sd14 sd14-films --lora films.safetensors:0.8",
            "  cathode convert weights.bin weights.safetensors"})
final class ConvertCommand implements Callable<Integer> {
    private static final String FILE = ".safetensors";

    @Spec
    private CommandSpec spec;

    @Parameters(index = "0", paramLabel = "IN", converter = ModelConverter.class,
            description = "Model folder or weight file, or phantom: the model that comes with Cathode.")
    private Path in;

    @Parameters(index = "1", paramLabel = "OUT", description = "What to write; must not be there yet.")
    private Path out;

    @Option(names = "--dtype", paramLabel = "TYPE",
            description = "Round to float32, bfloat16 or float16. Without it: as stored.")
    private NumberType dtype;

    @Option(names = "--layout", paramLabel = "LAYOUT",
            description = "diffusers (a folder) or single-file. Without it: by the name of OUT.")
    private Layout layout;

    @Mixin
    private ModelFiles files = new ModelFiles();

    /// How a model is stored; names as on the command line.
    enum Layout {
        DIFFUSERS, SINGLE_FILE;

        @Override
        public String toString() {
            return this == DIFFUSERS ? "diffusers" : "single-file";
        }
    }

    @Override
    public Integer call() throws IOException {
        if (!Files.exists(in)) {
            throw new NoSuchFileException(in.toString());
        }
        if (Files.exists(out)) {
            throw new FileAlreadyExistsException(out.toString());
        }
        boolean file = out.toString().endsWith(FILE);
        if (!files.loras.isEmpty() && file && !Files.isDirectory(in)) {
            throw new ParameterException(spec.commandLine(),
                    "--lora changes models: one of IN and OUT must be a model folder");
        }
        if (layout != null && file != (layout == Layout.SINGLE_FILE)) {
            throw new ParameterException(spec.commandLine(), "--layout " + layout + " does not fit " + out
                    + ": a single file ends with " + FILE + ", a folder does not");
        }
        Optional<DType> floats = Optional.ofNullable(dtype).map(NumberType::inFiles);
        Destinations.prepare(List.of(out));
        Workplace.build(out, temporary -> {
            if (!file) {
                folder(temporary, floats);
            } else if (Files.isDirectory(in)) {
                singleFile(temporary, floats);
            } else {
                try (Checkpoint weights = Checkpoints.open(in)) {
                    SafetensorsWriter.write(temporary, weights, floats);
                }
            }
        });
        spec.commandLine().getOut().println(out);
        return CathodeCommand.DONE;
    }

    private void folder(Path to, Optional<DType> floats) throws IOException {
        try (ModelSource model = ModelSource.open(in, options())) {
            FolderWriter.write(in, model, to, floats);
            if (model.has("unet") && !model.has("tokenizer")) {
                spec.commandLine().getErr().println("cathode convert: warning: " + in
                        + " has no tokenizer, so neither has " + out + ": --configs names a folder with one");
            }
        }
    }

    private void singleFile(Path to, Optional<DType> floats) {
        try (ModelSource model = ModelSource.open(in, options())) {
            if (!model.has("unet") && model.components().size() == 1) { // one component: its own tensors
                SafetensorsWriter.write(to, model.components().values().iterator().next().weights(), floats);
                return;
            }
            SafetensorsWriter.write(to, ComponentNames.toSingleFile(model.component("unet").weights(),
                    model.component("vae").weights(), model.component("text_encoder").weights()), floats);
        }
    }

    private ModelOptions options() {
        try {
            return files.toOptions();
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
    }
}
