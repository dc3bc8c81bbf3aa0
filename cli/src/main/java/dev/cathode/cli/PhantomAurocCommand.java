package dev.cathode.cli;

import dev.cathode.engine.data.DataProblems;
import dev.cathode.engine.diffusion.PipelineOptions;
import dev.cathode.engine.diffusion.StableDiffusionPipeline;
import dev.cathode.engine.image.ImageFiles;
import dev.cathode.engine.runtime.Device;
import dev.cathode.engine.runtime.cpu.CpuDevice;
import dev.cathode.engine.runtime.cpu.CpuOptions;
import dev.cathode.roentgen.classify.ClassifierPredictor;
import dev.cathode.roentgen.classify.FilmLabels;
import dev.cathode.roentgen.data.LabelPolicy;
import dev.cathode.roentgen.data.MimicDataset;
import dev.cathode.roentgen.data.MimicSample;
import dev.cathode.roentgen.data.Split;
import dev.cathode.roentgen.experiment.FilmJudgement;
import dev.cathode.roentgen.experiment.RandomUNet;
import dev.cathode.roentgen.experiment.SyntheticFilms;
import dev.cathode.roentgen.phantom.PhantomModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import tools.jackson.databind.node.ObjectNode;

/// Whether a classifier of real films finds in a model's films what their prompts say.
@Command(name = "phantom-auroc", sortOptions = false,
        description = "Make a film of each impression and let a classifier that was trained on real films judge it:"
                + " AUROC of each label, and how often the side of an effusion or a pneumothorax is right.",
        footer = {"",
            "The real films are judged as well: the classifier must be good on them. With --random-weights the model"
                + " has learned nothing: what it gets is chance. The folder then holds the films, a table of"
                + " probabilities for each kind, and result.json. A run that was interrupted goes on.",
            "",
            "A side is right if its output is the larger of the classifier's two for that finding (train-classifier"
                + " --labels all); only films whose impression names one side count."})
final class PhantomAurocCommand implements Callable<Integer> {
    private static final int NAMED_PROBLEMS = 10;
    private static final String SETTINGS = "settings.json";

    @Spec
    private CommandSpec spec;

    @Option(names = {"-m", "--model"}, paramLabel = "DIR", defaultValue = PhantomModel.NAME,
            converter = ModelConverter.class,
            description = "The model to measure (default: phantom, which comes with Cathode).")
    private Path model;

    @Option(names = "--classifier", paramLabel = "DIR", required = true,
            description = "Folder of a classifier (cathode train-classifier).")
    private Path classifier;

    @Mixin
    private FilmOptions films;

    @Option(names = {"-o", "--out"}, paramLabel = "DIR", required = true, description = "Folder of the experiment.")
    private Path out;

    @Option(names = "--count", paramLabel = "N", defaultValue = "500",
            description = "Take so many films, from the first on (default: ${DEFAULT-VALUE}).")
    private int count;

    @Option(names = "--steps", paramLabel = "N", defaultValue = "25",
            description = "Steps of the scheduler (default: ${DEFAULT-VALUE}).")
    private int steps;

    @Option(names = "--guidance", paramLabel = "SCALE", defaultValue = "4",
            description = "Scale of classifier-free guidance (default: ${DEFAULT-VALUE}).")
    private double guidance;

    @Option(names = "--policy", paramLabel = "POLICY", defaultValue = "IGNORE",
            description = "What an uncertain label counts as: uones: positive; uzeros: negative; ignore: neither"
                    + " (default: ignore).")
    private LabelPolicy policy;

    @Option(names = "--seed", paramLabel = "N", defaultValue = "0",
            description = "Of all films; each one's own follows from it and the film's id (default: ${DEFAULT-VALUE}).")
    private long seed;

    @Option(names = "--random-weights", description = "Give the model's U-Net random weights.")
    private boolean random;

    @Override
    public Integer call() throws IOException {
        if (count < 1 || steps < 1) {
            throw new ParameterException(spec.commandLine(), "at least one film and one step");
        }
        DataProblems problems = new DataProblems(NAMED_PROBLEMS);
        MimicDataset set;
        try {
            set = films.open(Set.of(Split.TEST), problems);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
        problems.lines().forEach(spec.commandLine().getErr()::println);
        List<MimicSample> samples = set.samples().subList(0, Math.min(count, set.size()));
        List<String> ids = samples.stream().map(MimicSample::dicomId).toList();
        claim();
        SyntheticFilms made = new SyntheticFilms(out.resolve("films"), steps, guidance, seed);
        sample(made, ids, samples.stream().map(MimicSample::impression).toList());
        try (Device device = CpuDevice.open(CpuOptions.defaults());
                ClassifierPredictor predictor = ClassifierPredictor.open(classifier, device)) {
            FilmLabels labels = new FilmLabels(set, predictor.config().labels(), policy);
            float[] truth = new float[ids.size() * labels.labels().size()];
            for (int i = 0; i < ids.size(); i++) {
                System.arraycopy(labels.truth(i), 0, truth, i * labels.labels().size(), labels.labels().size());
            }
            FilmJudgement model = judge("model", predictor, ids, i -> ImageFiles.read(made.file(ids.get(i))), truth);
            FilmJudgement real = judge("real", predictor, ids, set::image, truth);
            print(model, real);
            ObjectNode result = Json.object();
            result.put("films", ids.size());
            result.set("model", report(model));
            result.set("real", report(real));
            write("result.json", result);
        }
        return CathodeCommand.DONE;
    }

    /// A folder holds the films of one model and way to sample.
    private void claim() throws IOException {
        ObjectNode settings = Json.object();
        settings.put("model", model.toAbsolutePath().normalize().toString()).put("random_weights", random)
                .put("steps", steps).put("guidance_scale", guidance).put("seed", seed)
                .put("films", films.names());
        Path file = Files.createDirectories(out).resolve(SETTINGS);
        if (!Files.exists(file)) {
            write(SETTINGS, settings);
        } else if (!Files.readString(file).equals(Json.text(settings))) {
            throw new IOException(out + ": holds films that were made otherwise (" + SETTINGS
                    + " says how); choose another --out");
        }
    }

    private void sample(SyntheticFilms made, List<String> ids, List<String> prompts) throws IOException {
        if (ids.stream().allMatch(id -> Files.exists(made.file(id)))) {
            return;
        }
        Path used = model;
        if (random) {
            used = out.resolve("random-model");
            RandomUNet.write(model, used, seed);
        }
        try (StableDiffusionPipeline pipeline = StableDiffusionPipeline.load(used, PipelineOptions.defaults());
                Progress.Bar bar = Progress.onTerminal(spec.commandLine().getErr()).start("films", ids.size())) {
            made.make(pipeline, ids, prompts, bar::step);
        }
    }

    private FilmJudgement judge(String kind, ClassifierPredictor predictor, List<String> ids, FilmJudgement.Films films,
                                float[] truth) throws IOException {
        FilmJudgement judgement;
        try (Progress.Bar bar = Progress.onTerminal(spec.commandLine().getErr()).start(kind, ids.size())) {
            judgement = FilmJudgement.of(predictor, ids, films, truth, done -> bar.step(done, ids.size()));
        }
        judgement.write(out.resolve(kind + ".csv"));
        return judgement;
    }

    private void print(FilmJudgement made, FilmJudgement real) {
        var printer = spec.commandLine().getOut();
        printer.printf("%-30s %9s %9s %9s%n", "AUROC", "positive", "model", "real");
        double[] modelAuc = made.rocAuc();
        double[] realAuc = real.rocAuc();
        for (int j = 0; j < modelAuc.length; j++) {
            printer.printf(Locale.ROOT, "%-30s %9d %9.4f %9.4f%n", made.labels().get(j), made.positives(j), modelAuc[j],
                    realAuc[j]);
        }
        printer.printf(Locale.ROOT, "%-30s %9s %9.4f %9.4f%n", "mean, without sides", "", made.macroRocAuc(),
                real.macroRocAuc());
        List<FilmJudgement.SideAccuracy> realSides = real.sides();
        for (int k = 0; k < realSides.size(); k++) {
            printer.printf(Locale.ROOT, "%-30s %9d %9.4f %9.4f%n", "side of " + realSides.get(k).finding().title(),
                    realSides.get(k).films(), made.sides().get(k).accuracy(), realSides.get(k).accuracy());
        }
    }

    private static ObjectNode report(FilmJudgement judgement) {
        ObjectNode report = Json.object();
        ObjectNode each = report.putObject("auroc");
        double[] auroc = judgement.rocAuc();
        for (int j = 0; j < auroc.length; j++) {
            put(each, judgement.labels().get(j), auroc[j]);
        }
        put(report, "macro_auroc", judgement.macroRocAuc());
        ObjectNode sides = report.putObject("side_accuracy");
        judgement.sides().forEach(side -> put(sides, side.finding().title(), side.accuracy()));
        return report;
    }

    /// JSON has no NaN: what is not defined is null.
    private static void put(ObjectNode node, String key, double value) {
        if (Double.isNaN(value)) {
            node.putNull(key);
        } else {
            node.put(key, value);
        }
    }

    private void write(String name, ObjectNode content) throws IOException {
        Path temporary = out.resolve("." + name + ".part");
        try {
            Files.writeString(temporary, Json.text(content));
            Files.move(temporary, out.resolve(name), StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(temporary);
        }
    }
}
