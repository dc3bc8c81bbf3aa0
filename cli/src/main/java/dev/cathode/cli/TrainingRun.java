package dev.cathode.cli;

import dev.cathode.engine.data.DataProblems;
import dev.cathode.engine.data.ImageTextDataset;
import dev.cathode.engine.data.PromptedFolder;
import dev.cathode.engine.runtime.Device;
import dev.cathode.engine.runtime.InsufficientMemoryException;
import dev.cathode.engine.runtime.cpu.CpuDevice;
import dev.cathode.engine.runtime.cpu.CpuOptions;
import dev.cathode.engine.text.Tokenizer;
import dev.cathode.engine.text.Tokenizers;
import dev.cathode.engine.train.CheckpointFolder;
import dev.cathode.engine.train.Trainer;
import dev.cathode.engine.train.TrainingTask;
import dev.cathode.engine.train.TrainingTasks;
import dev.cathode.engine.train.recipe.MixedPrecision;
import dev.cathode.engine.train.recipe.TrainingMethod;
import dev.cathode.engine.train.recipe.TrainingRecipe;
import dev.cathode.roentgen.data.TrainingSet;
import dev.cathode.weights.DType;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import picocli.CommandLine;

/// One run of `train`: sees that all is there, opens the data, trains, and stops in good order when told to.
final class TrainingRun {
    private static final int NAMED_PROBLEMS = 10;
    private static final String LOCK = ".cathode.lock";
    private static final String MODEL = "model";

    private final String name;
    private final TrainingRecipe recipe;
    private final CpuOptions options;
    private final DeviceOptions devices;
    private final CommandLine command;
    private final Progress progress;
    private final Path output;
    private final CheckpointFolder checkpoints;

    /// @param name of the recipe, for messages
    /// @param threads null: all processors
    TrainingRun(String name, TrainingRecipe recipe, Integer threads, DeviceOptions devices, CommandLine command) {
        this.name = name;
        this.recipe = recipe;
        this.devices = devices;
        this.command = command;
        options = threads == null ? CpuOptions.defaults() : CpuOptions.defaults().withThreads(threads);
        progress = Progress.onTerminal(command.getErr());
        output = recipe.output().outputDir();
        checkpoints = new CheckpointFolder(output, recipe.output().checkpointsTotalLimit());
    }

    /// Does it.
    ///
    /// @return the exit code
    int run() throws IOException {
        requireModel("pretrained_model_name_or_path", recipe.model().pretrainedModelNameOrPath());
        if (recipe.model().pretrainedTextEncoderNameOrPath().isPresent()) {
            requireModel("pretrained_text_encoder_name_or_path",
                    recipe.model().pretrainedTextEncoderNameOrPath().get());
        }
        refuseToMix();
        DataProblems problems = new DataProblems(NAMED_PROBLEMS);
        TrainingSet set = open(problems);
        Files.createDirectories(output);
        try (FileChannel file = FileChannel.open(output.resolve(LOCK), StandardOpenOption.CREATE,
                StandardOpenOption.WRITE)) {
            lock(file);
            ImageTextDataset data = PictureCheck.readable(set.data(), output, isResumed(), progress, problems);
            set.notes().forEach(progress::note);
            problems.lines().forEach(progress::note);
            progress.note(Sizes.count(data.size()) + " pictures");
            return train(data);
        }
    }

    // ---- before anything is computed

    private void requireModel(String key, String path) throws IOException {
        if (!Files.exists(Path.of(path))) {
            throw new IOException(name + ": " + key + " " + path + ": no such file or folder. Cathode downloads"
                    + " nothing: fetch the model, and say where it is: --set " + key + "=FOLDER");
        }
    }

    private boolean isResumed() throws IOException {
        return recipe.output().resumeFromCheckpoint().isPresent() && !checkpoints.all().isEmpty();
    }

    /// A folder holds one run.
    private void refuseToMix() throws IOException {
        if (recipe.output().resumeFromCheckpoint().isPresent()) {
            return;
        }
        Optional<CheckpointFolder.Checkpoint> latest = checkpoints.latest();
        if (latest.isPresent()) {
            throw new IOException(output + ": holds a run already, up to " + latest.get().folder().getFileName()
                    + ": --resume goes on with it, --output DIR begins another one elsewhere");
        }
        if (Files.exists(output.resolve(MODEL))) {
            throw new IOException(output.resolve(MODEL) + ": is there already, from a run that left no checkpoint:"
                    + " --output DIR begins another one elsewhere");
        }
    }

    /// Until the channel is closed, or the process is gone.
    private void lock(FileChannel file) throws IOException {
        FileLock lock;
        try {
            lock = file.tryLock();
        } catch (OverlappingFileLockException e) {
            lock = null;
        }
        if (lock == null) {
            throw new IOException(output + ": another 'cathode train' writes to this folder; --output DIR names"
                    + " another one");
        }
    }

    // ---- data

    private TrainingSet open(DataProblems problems) throws IOException {
        try {
            return switch (recipe.method()) {
                case TrainingMethod.DreamBooth method -> new TrainingSet(
                        PromptedFolder.open(method.instanceDataDir(), method.instancePrompt()), List.of());
                // It makes its own captions.
                case TrainingMethod.TextualInversion method when recipe.data().views().isEmpty() -> new TrainingSet(
                        PromptedFolder.open(recipe.data().trainDataDir().orElseThrow(), method.placeholderToken()),
                        List.of());
                default -> TrainingSet.open(recipe.data(), tokenizer(),
                        !(recipe.method() instanceof TrainingMethod.Vae), recipe.steps().seed(), problems);
            };
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(name + ": " + e.getMessage(), e);
        } catch (NoSuchFileException e) {
            String key = recipe.method() instanceof TrainingMethod.DreamBooth ? "instance_data_dir" : "train_data_dir";
            throw new IOException(name + ": " + key + " " + e.getFile() + ": no such file or folder (--set " + key
                    + "=FOLDER says where the pictures are)", e);
        }
    }

    /// What counts tokens: that of the text encoder that is trained with.
    private Optional<Tokenizer> tokenizer() {
        Path model = Path.of(recipe.model().pretrainedTextEncoderNameOrPath()
                .orElse(recipe.model().pretrainedModelNameOrPath()));
        return Stream.of(model.resolve("tokenizer"), model.resolve("text_encoder"), model)
                .filter(folder -> Stream.of("vocab.json", "vocab.txt", "tokenizer.json")
                        .anyMatch(file -> Files.exists(folder.resolve(file))))
                .findFirst().map(Tokenizers::load);
    }

    // ---- training

    private int train(ImageTextDataset data) throws IOException {
        CountDownLatch finished = new CountDownLatch(1);
        try (TrainingDisplay display = new TrainingDisplay(progress)) {
            Thread hook = Thread.ofPlatform().unstarted(() -> stop(display, finished));
            Runtime.getRuntime().addShutdownHook(hook);
            try (Device device = device();
                    TrainingTask<?> task = TrainingTasks.open(device, recipe, data, display)) {
                return report(trainer(device, task, data, display).run(), display);
            } catch (InterruptedIOException e) {
                progress.note("cathode train: " + e.getMessage());
                return CathodeCommand.INTERRUPTED;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return CathodeCommand.INTERRUPTED;
            } catch (InsufficientMemoryException e) {
                throw new IOException(e.getMessage() + ": try gradient_checkpointing=true, mixed_precision=bf16, a"
                        + " smaller train_batch_size (with more gradient_accumulation_steps), or a smaller"
                        + " resolution", e);
            } finally {
                finished.countDown();
                Shutdown.forget(hook);
            }
        }
    }

    /// A run that goes on ends with the same bytes as one that was not interrupted, also on a GPU.
    private Device device() {
        boolean half = recipe.steps().mixedPrecision() == MixedPrecision.BF16;
        return devices.gpu(half ? DType.BF16 : DType.F32, true, progress::note).orElseGet(() -> CpuDevice.open(options));
    }

    private <S> Trainer<S> trainer(Device device, TrainingTask<S> task, ImageTextDataset data,
            TrainingDisplay display) {
        return new Trainer<>(device, recipe, task, TrainingTasks.data(recipe, data), display);
    }

    /// The process was told to end: it may do so when the step is done and its checkpoint written.
    private void stop(TrainingDisplay display, CountDownLatch finished) {
        display.cancel();
        progress.note("cathode train: stopping after this step");
        try {
            finished.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private int report(Trainer.Outcome outcome, TrainingDisplay display) {
        display.close();
        if (!outcome.completed()) {
            progress.note("cathode train: stopped after step " + outcome.steps()
                    + (display.total() == 0 ? "" : " of " + display.total())
                    + "; the same command with --resume goes on");
            return CathodeCommand.INTERRUPTED;
        }
        progress.note(String.format(Locale.ROOT, "%d steps; waited for data %.1f %% of the time", outcome.steps(),
                100 * outcome.waitedShare()));
        command.getOut().println(output.resolve(MODEL));
        return CathodeCommand.DONE;
    }
}
