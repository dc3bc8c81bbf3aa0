package dev.cathode.cli;

import dev.cathode.engine.data.DataProblems;
import dev.cathode.engine.data.ImageTextDataset;
import dev.cathode.engine.image.ImageFit;
import dev.cathode.engine.text.BytePairTraining;
import dev.cathode.engine.text.BytePairVocabulary;
import dev.cathode.engine.text.Tokenizer;
import dev.cathode.engine.text.Tokenizers;
import dev.cathode.engine.train.recipe.DataSettings;
import dev.cathode.roentgen.data.TrainingSet;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// Learns a byte-pair vocabulary from captions.
@Command(name = "train-tokenizer", sortOptions = false,
        description = "Learn a CLIP-style byte-pair vocabulary from captions, for a text encoder of your own.",
        footer = {"",
            "Writes vocab.json, merges.txt and tokenizer_config.json, as transformers and diffusers read them.",
            "",
            "Example:",
            "  cathode train-tokenizer phantoms --size 1500 --max-length 48 --out tokenizer"})
final class TrainTokenizerCommand implements Callable<Integer> {
    private static final int NAMED_PROBLEMS = 10;
    private static final int UNUSED_RESOLUTION = 512;

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "DATA", description = "Pictures with captions: what a recipe's train_data_dir may be.")
    private Path data;

    @Option(names = "--caption-column", paramLabel = "NAME", defaultValue = "text",
            description = "Where a table of the folder holds the captions (default: ${DEFAULT-VALUE}).")
    private String captionColumn;

    @Option(names = "--size", paramLabel = "N", required = true,
            description = "Tokens of the vocabulary, at least " + BytePairTraining.SMALLEST
                + "; fewer where the captions' words are all tokens before.")
    private int size;

    @Option(names = "--max-length", paramLabel = "N", defaultValue = "77",
            description = "Tokens of a row (default: ${DEFAULT-VALUE}).")
    private int maxLength;

    @Option(names = "--out", paramLabel = "DIR", required = true, description = "The folder to write; must not be there yet.")
    private Path out;

    @Override
    public Integer call() throws IOException {
        require(size >= BytePairTraining.SMALLEST, "--size must be at least " + BytePairTraining.SMALLEST);
        require(maxLength >= 3, "--max-length must be at least 3");
        if (Files.exists(out)) {
            throw new FileAlreadyExistsException(out.toString());
        }
        DataProblems problems = new DataProblems(NAMED_PROBLEMS);
        ImageTextDataset captions = TrainingSet.open(new DataSettings(Optional.of(data), captionColumn, List.of(),
                OptionalInt.empty(), 0, UNUSED_RESOLUTION, ImageFit.COVER, 0, false, false), Optional.empty(), true, 0,
                problems).data();
        problems.lines().forEach(spec.commandLine().getErr()::println);
        BytePairVocabulary vocabulary =
                BytePairTraining.learn(IntStream.range(0, captions.size()).mapToObj(captions::caption), size);
        Destinations.prepare(List.of(out));
        Workplace.build(out, folder -> {
            Files.createDirectories(folder);
            vocabulary.write(folder, maxLength);
        });
        report(captions);
        return CathodeCommand.DONE;
    }

    /// How long captions are in the new tokens.
    private void report(ImageTextDataset captions) {
        Tokenizer tokenizer = Tokenizers.load(out);
        int[] lengths = IntStream.range(0, captions.size()).map(i -> tokenizer.encode(captions.caption(i)).length).toArray();
        spec.commandLine().getOut().printf("%s: %,d tokens; captions have %.1f on average, at most %d; %,d of %,d are longer"
                + " than %d%n", out, tokenizer.vocabularySize(), IntStream.of(lengths).average().orElse(0),
                IntStream.of(lengths).max().orElse(0), IntStream.of(lengths).filter(n -> n > maxLength).count(),
                lengths.length, maxLength);
    }

    private void require(boolean holds, String message) {
        if (!holds) {
            throw new ParameterException(spec.commandLine(), message);
        }
    }
}
