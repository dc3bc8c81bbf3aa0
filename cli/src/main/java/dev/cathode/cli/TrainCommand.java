package dev.cathode.cli;

import dev.cathode.engine.train.recipe.TrainingRecipe;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// Trains a model as a recipe says.
@Command(name = "train", sortOptions = false, description = "Train a model as a recipe says.",
        footer = {"",
            "The output folder then holds the model (a diffusers folder), checkpoints, log.csv and TensorBoard's event"
                + " files. Interrupted, training stops after the step with a checkpoint; --resume goes on from it and"
                + " ends with the same bytes as a run that was not interrupted.",
            "",
            "Examples:",
            "  cathode train --list",
            "  cathode train recipe.yaml --set learning_rate=1e-4 --output run1",
            "  cathode train roentgen-5e-5-60k --set pretrained_model_name_or_path=sd14 \\",
            "    --set train_data_dir=pa-train-512 --resume"})
final class TrainCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "RECIPE", arity = "0..1",
            description = "A YAML file, or the name of a recipe that comes with Cathode.")
    private String recipe;

    @Option(names = "--set", paramLabel = "KEY=VALUE",
            description = "Another value for a key of the recipe; KEY= takes it away. May be given several times.")
    private List<String> assignments = new ArrayList<>();

    @Option(names = {"-o", "--output"}, paramLabel = "DIR", description = "The folder to write to: the recipe's"
            + " output_dir.")
    private Path output;

    @Option(names = "--resume", description = "Go on from the latest checkpoint in the output folder, or begin if there"
            + " is none.")
    private boolean resume;

    @Option(names = "--threads", paramLabel = "N", description = "Threads to compute with (default: all processors).")
    private Integer threads;

    @Mixin
    private DeviceOptions device = new DeviceOptions();

    @Option(names = "--list", description = "List the recipes that come with Cathode.")
    private boolean list;

    @Option(names = "--print", description = "Print the recipe with the values of all its keys, and do not train.")
    private boolean print;

    @Override
    public Integer call() throws IOException {
        if (list) {
            PresetRecipes.load().lines().forEach(spec.commandLine().getOut()::println);
            return CathodeCommand.DONE;
        }
        require(recipe != null, "a RECIPE is missing: a file, or a name that --list shows");
        require(threads == null || threads >= 1, "--threads must be at least 1, not " + threads);
        TrainingRecipe whole = read();
        if (print) {
            spec.commandLine().getOut().print(whole.toYaml());
            spec.commandLine().getOut().flush();
            return CathodeCommand.DONE;
        }
        return new TrainingRun(recipe, whole, threads, device, spec.commandLine()).run();
    }

    private TrainingRecipe read() throws IOException {
        List<String> overrides = new ArrayList<>(assignments);
        if (output != null) {
            overrides.add("output_dir=" + output);
        }
        if (resume) {
            overrides.add("resume_from_checkpoint=latest");
        }
        Path file = Path.of(recipe);
        if (Files.isRegularFile(file)) {
            return TrainingRecipe.load(file, overrides);
        }
        String text = PresetRecipes.load().texts().get(recipe);
        if (text == null) {
            throw new IOException(recipe + ": no such file, and no recipe that comes with Cathode (cathode train"
                    + " --list names them)");
        }
        return TrainingRecipe.parse(text, recipe, overrides);
    }

    private void require(boolean holds, String message) {
        if (!holds) {
            throw new ParameterException(spec.commandLine(), message);
        }
    }
}
