package dev.cathode.cli;

import dev.cathode.engine.data.DataProblem;
import dev.cathode.engine.data.DataProblems;
import dev.cathode.engine.image.ImageFit;
import dev.cathode.engine.models.DenseNetConfig;
import dev.cathode.engine.runtime.Device;
import dev.cathode.engine.runtime.cpu.CpuDevice;
import dev.cathode.engine.runtime.cpu.CpuOptions;
import dev.cathode.roentgen.classify.ClassifierConfig;
import dev.cathode.roentgen.classify.ClassifierTrainer;
import dev.cathode.roentgen.classify.ClassifierTraining;
import dev.cathode.roentgen.classify.EpochResult;
import dev.cathode.roentgen.classify.FilmLabels;
import dev.cathode.roentgen.classify.PatientSplit;
import dev.cathode.roentgen.classify.SideLabel;
import dev.cathode.roentgen.data.Label;
import dev.cathode.roentgen.data.LabelPolicy;
import dev.cathode.roentgen.data.MimicDataset;
import dev.cathode.roentgen.data.Split;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// Trains a DenseNet to judge chest films.
@Command(name = "train-classifier", sortOptions = false,
        description = "Train a DenseNet, from scratch, to say what chest films show.",
        footer = {"",
            "The folder then holds the classifier of the best epoch (config.json, model.safetensors), log.csv and a"
                + " checkpoint. The same command goes on with a run that was interrupted.",
            "",
            "Example:",
            "  cathode train-classifier --data phantoms --out judge --size 128 --labels all"})
final class TrainClassifierCommand implements Callable<Integer> {
    private static final int NAMED_PROBLEMS = 10;

    @Spec
    private CommandSpec spec;

    @Mixin
    private FilmOptions films;

    @Option(names = {"-o", "--out"}, paramLabel = "DIR", required = true, description = "Folder of the run.")
    private Path out;

    @Option(names = "--labels", paramLabel = "LABEL", split = ",", defaultValue = "chexpert",
            description = "What to judge: names of labels; chexpert: the fourteen; all: these and the sides of"
                    + " effusions and pneumothoraces (default: ${DEFAULT-VALUE}).")
    private List<String> labels;

    @Option(names = "--policy", paramLabel = "POLICY", defaultValue = "UONES",
            description = "What an uncertain label counts as: uones: positive; uzeros: negative; ignore: neither"
                    + " (default: uones).")
    private LabelPolicy policy;

    @Option(names = "--size", paramLabel = "PX", defaultValue = "224",
            description = "Pixels of both sides (default: ${DEFAULT-VALUE}).")
    private int size;

    @Option(names = "--fit", paramLabel = "FIT", defaultValue = "COVER",
            description = "cover: the middle of the picture; contain: all of it, with black bars; stretch: all of it,"
                    + " out of shape (default: cover).")
    private ImageFit fit;

    @Option(names = "--validation", paramLabel = "SHARE", defaultValue = "0.1",
            description = "Share of the patients to judge epochs by (default: ${DEFAULT-VALUE}).")
    private double validation;

    @Option(names = "--batch", paramLabel = "N", defaultValue = "64",
            description = "Films of a step (default: ${DEFAULT-VALUE}).")
    private int batch;

    @Option(names = "--learning-rate", paramLabel = "RATE", defaultValue = "1e-3",
            description = "The largest of each cycle; the smallest is a tenth (default: ${DEFAULT-VALUE}).")
    private double learningRate;

    @Option(names = "--cycle", paramLabel = "EPOCHS", defaultValue = "2",
            description = "Epochs in which the learning rate rises, and in which it falls (default: ${DEFAULT-VALUE}).")
    private double cycle;

    @Option(names = "--weight-decay", paramLabel = "DECAY", defaultValue = "1e-5",
            description = "Of AdamW (default: ${DEFAULT-VALUE}).")
    private double weightDecay;

    @Option(names = "--patience", paramLabel = "EPOCHS", defaultValue = "15",
            description = "Stop after so many epochs without a better validation AUROC (default: ${DEFAULT-VALUE}).")
    private int patience;

    @Option(names = "--epochs", paramLabel = "N", defaultValue = "200",
            description = "Stop after so many epochs at the latest (default: ${DEFAULT-VALUE}).")
    private int epochs;

    @Option(names = "--blocks", paramLabel = "N", split = ",", defaultValue = "6,12,24,16",
            description = "Layers of the dense blocks (default: ${DEFAULT-VALUE}, DenseNet-121).")
    private List<Integer> blocks;

    @Option(names = "--growth", paramLabel = "N", defaultValue = "32",
            description = "Channels that a layer adds; the first convolution has twice as many (default: "
                    + "${DEFAULT-VALUE}).")
    private int growth;

    @Option(names = "--seed", paramLabel = "N", defaultValue = "0",
            description = "Of the first weights, the order, and who is set aside (default: ${DEFAULT-VALUE}).")
    private long seed;

    @Option(names = "--threads", paramLabel = "N", description = "Threads (default: all processors).")
    private Integer threads;

    @Override
    public Integer call() throws IOException {
        DataProblems problems = new DataProblems(NAMED_PROBLEMS);
        try {
            List<String> titles = titles();
            var network = new DenseNetConfig(growth, blocks, 2 * growth, 4, titles.size(), 1);
            var config = new ClassifierConfig(network, titles, size, fit);
            var training = new ClassifierTraining(batch, learningRate / 10, learningRate, cycle, weightDecay, patience,
                    epochs, seed);
            MimicDataset set = films.open(Set.of(Split.TRAIN, Split.VALIDATE), problems);
            FilmLabels images = new FilmLabels(set, titles, policy);
            PatientSplit split = PatientSplit.of(images.patients(), validation, seed);
            problems.lines().forEach(spec.commandLine().getErr()::println);
            train(config, training, images, split);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
        return CathodeCommand.DONE;
    }

    private List<String> titles() {
        return labels.stream().flatMap(name -> switch (name.toLowerCase(Locale.ROOT)) {
            case "chexpert" -> Arrays.stream(Label.values()).map(Label::title);
            case "sides" -> Arrays.stream(SideLabel.values()).map(SideLabel::title);
            case "all" -> FilmLabels.all().stream();
            default -> Stream.of(name.strip());
        }).toList();
    }

    private void train(ClassifierConfig config, ClassifierTraining training, FilmLabels images, PatientSplit split)
            throws IOException {
        CpuOptions options = threads == null ? CpuOptions.defaults() : CpuOptions.defaults().withThreads(threads);
        DataProblems unreadable = new DataProblems(NAMED_PROBLEMS);
        EpochResult best;
        try (Device device = CpuDevice.open(options);
                ClassifierProgress progress = new ClassifierProgress(spec.commandLine().getErr(), unreadable);
                ClassifierTrainer trainer = new ClassifierTrainer(device, config, training, images, split, out,
                        progress)) {
            unreadable.lines().forEach(progress::note);
            best = trainer.run(() -> false);
        }
        spec.commandLine().getOut().printf(Locale.ROOT, "%s: epoch %d, AUROC %.4f, accuracy %.4f%n", out, best.epoch(),
                best.auroc(), best.accuracy());
    }
}
