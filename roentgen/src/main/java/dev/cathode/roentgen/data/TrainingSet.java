package dev.cathode.roentgen.data;

import dev.cathode.engine.data.DataProblem;
import dev.cathode.engine.data.ImageFolder;
import dev.cathode.engine.data.ImageTextDataset;
import dev.cathode.engine.data.PromptedFolder;
import dev.cathode.engine.data.Subset;
import dev.cathode.engine.data.TableFile;
import dev.cathode.engine.random.TorchGenerator;
import dev.cathode.engine.text.Tokenizer;
import dev.cathode.engine.train.recipe.DataSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/// The pictures that a recipe's `train_data_dir` means, whatever that is:
///
/// * a folder in MIMIC-CXR-JPG's layout, recognised by its table of splits: films by the paper's rules for the recipe's
///   views ([SetRules#training]), captions are impressions;
/// * a manifest, or the folder that `cathode data prepare` wrote with one in it: its films of the recipe's views;
/// * any other folder: an [ImageFolder], or all its pictures where captions are not needed.
///
/// @param data pictures are not opened yet, see [Subset#readable]
/// @param notes lines for people: which rules left out how many
public record TrainingSet(ImageTextDataset data, List<String> notes) {
    private static final String IMPRESSION = "impression";

    /// Opens it.
    ///
    /// @param tokenizer counts the tokens of impressions; without one, long impressions of MIMIC-CXR-JPG are taken too
    /// @param captions whether pictures are useless without; an autoencoder needs none
    /// @param seed of the samples that are drawn if the recipe limits their number
    /// @param problems told of everything that is left out because it is broken or missing
    /// @throws IOException if nothing is there, or nothing that can be used
    /// @throws IllegalArgumentException if a key of the recipe does not go with this kind of data; names the key
    public static TrainingSet open(DataSettings settings, Optional<Tokenizer> tokenizer, boolean captions,
            long seed, Consumer<DataProblem> problems) throws IOException {
        Path path = settings.trainDataDir()
                .orElseThrow(() -> new IllegalArgumentException("train_data_dir is missing"));
        if (!Files.exists(path)) {
            throw new NoSuchFileException(path.toString());
        }
        Optional<Path> manifest = manifest(path);
        TrainingSet all;
        if (Files.isDirectory(path) && MimicCxr.isRoot(path)) {
            all = mimic(path, settings, tokenizer, problems);
        } else if (manifest.isPresent()) {
            all = manifest(manifest.get(), settings, problems);
        } else if (Files.isDirectory(path)) {
            if (!settings.views().isEmpty()) {
                throw new IllegalArgumentException("views " + settings.views() + ": " + path + " is an image folder,"
                        + " which does not say what view a picture is; leave views out (--set views=)");
            }
            all = new TrainingSet(captions ? ImageFolder.open(path, settings.captionColumn(), problems)
                    : PromptedFolder.open(path, ""), List.of());
        } else {
            throw new IOException(path + ": is neither a folder nor a manifest (.csv or .jsonl)");
        }
        return settings.maxTrainSamples().isEmpty() ? all : all.limited(settings.maxTrainSamples().getAsInt(), seed);
    }

    private static Optional<Path> manifest(Path path) {
        if (!Files.isDirectory(path)) {
            return TableFile.isTable(path) ? Optional.of(path) : Optional.empty();
        }
        return List.of("manifest.csv", "manifest.csv.gz", "manifest.jsonl", "manifest.jsonl.gz").stream()
                .map(path::resolve).filter(Files::isRegularFile).findFirst();
    }

    private static TrainingSet mimic(Path root, DataSettings settings, Optional<Tokenizer> tokenizer,
            Consumer<DataProblem> problems) throws IOException {
        requireImpressions(root, settings);
        SetRules paper = SetRules.training(new TreeSet<>(settings.views()));
        SetRules rules = tokenizer.isPresent() ? paper : paper.withMaxTokens(0);
        MimicCxr set = MimicCxr.open(root, problems);
        Selection selection;
        try (Reports reports = Reports.in(root)) {
            selection = Selection.of(rules, set, Impressions.read(set, reports, problems), tokenizer, true, problems);
        }
        List<String> notes = selection.leftOut().isEmpty() ? List.of() : DataReport.leftOut(List.of(selection));
        if (selection.samples().isEmpty()) {
            throw new IOException(root + ": no film is left to train on: " + String.join("; ", notes));
        }
        return new TrainingSet(new MimicDataset(root.toString(), selection.samples()), notes);
    }

    private static TrainingSet manifest(Path file, DataSettings settings, Consumer<DataProblem> problems)
            throws IOException {
        requireImpressions(file, settings);
        MimicDataset all = Manifest.read(file, problems);
        Set<String> views = Set.copyOf(settings.views());
        int[] taken = IntStream.range(0, all.size()).filter(i -> views.isEmpty() || views.contains(all.view(i)))
                .toArray();
        if (taken.length == 0) {
            throw new IOException(file + ": none of its " + all.size() + " films is of the views "
                    + settings.views());
        }
        return new TrainingSet(all.subset(taken), taken.length == all.size() ? List.of()
                : List.of(all.size() - taken.length + " films of other views left out"));
    }

    private static void requireImpressions(Path path, DataSettings settings) {
        String column = settings.captionColumn();
        if (!column.equals(ImageFolder.CAPTION) && !column.equals(IMPRESSION)) {
            throw new IllegalArgumentException("caption_column " + column + ": the captions of " + path
                    + " are its impressions; leave caption_column out");
        }
    }

    /// Some of the samples by chance, in the order in which they were.
    private TrainingSet limited(int count, long seed) {
        if (count >= data.size()) {
            return this;
        }
        int[] positions = Arrays.copyOf(new TorchGenerator(seed).randperm(data.size()), count);
        Arrays.sort(positions);
        return new TrainingSet(new Subset(data, positions), notes);
    }
}
