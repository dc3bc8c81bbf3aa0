package dev.cathode.roentgen.experiment;

import dev.cathode.engine.data.TableFile;
import dev.cathode.engine.evaluation.ScoredLabels;
import dev.cathode.engine.image.RgbImage;
import dev.cathode.roentgen.classify.ClassifierPredictor;
import dev.cathode.roentgen.classify.SideLabel;
import dev.cathode.roentgen.data.Label;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;

/// What a classifier says of films, and what is true of them.
///
/// @param labels names, in the order of the columns
/// @param ids of the films, in the order of the rows
/// @param scored probabilities and truth
public record FilmJudgement(List<String> labels, List<String> ids, ScoredLabels scored) {
    private static final int BATCH = 16;

    /// Films by position.
    @FunctionalInterface
    public interface Films {
        /// @throws IOException if it cannot be read
        RgbImage at(int index) throws IOException;
    }

    /// How often the side of a finding is right.
    ///
    /// @param finding the label whose side it is
    /// @param right films judged to have it on the side where it is
    /// @param films that have it on one side only
    public record SideAccuracy(Label finding, int right, int films) {
        /// The share that is right; NaN if there is no film.
        public double accuracy() {
            return (double) right / films;
        }
    }

    /// Judges films.
    ///
    /// @param truth of all films, row by row: 1, 0, or NaN where it is not known
    /// @param done told how many films are judged
    /// @throws IOException if a film cannot be read
    public static FilmJudgement of(ClassifierPredictor classifier, List<String> ids, Films films, float[] truth,
                                   IntConsumer done) throws IOException {
        List<String> labels = classifier.config().labels();
        float[] scores = new float[truth.length];
        for (int from = 0; from < ids.size(); from += BATCH) {
            List<RgbImage> batch = new ArrayList<>();
            for (int i = from; i < Math.min(ids.size(), from + BATCH); i++) {
                batch.add(films.at(i));
            }
            float[] probabilities = classifier.probabilities(batch);
            System.arraycopy(probabilities, 0, scores, from * labels.size(), probabilities.length);
            done.accept(from + batch.size());
        }
        return new FilmJudgement(labels, ids, new ScoredLabels(scores, truth, labels.size()));
    }

    /// AUROC of each label; NaN where films of both kinds are not there.
    public double[] rocAuc() {
        return scored.rocAuc();
    }

    /// The mean AUROC of CheXpert's labels, without those of sides.
    public double macroRocAuc() {
        double[] all = rocAuc();
        return ScoredLabels.macro(IntStream.range(0, all.length)
                .filter(j -> SideLabel.named(labels.get(j)).isEmpty()).mapToDouble(j -> all[j]).toArray());
    }

    /// Films of which a label is known to be true.
    public long positives(int label) {
        return IntStream.range(0, ids.size()).filter(i -> truth(i, label) == 1).count();
    }

    /// For each finding that has a side, of the films that show it on one side only, the share in which that side is
    /// the more probable one. Chance is a half. Findings whose sides the classifier does not judge are left out.
    public List<SideAccuracy> sides() {
        List<SideAccuracy> found = new ArrayList<>();
        for (Label finding : List.of(Label.PLEURAL_EFFUSION, Label.PNEUMOTHORAX)) {
            int left = column(finding, true);
            int right = column(finding, false);
            if (left >= 0 && right >= 0) {
                int[] films = IntStream.range(0, ids.size())
                        .filter(i -> truth(i, left) + truth(i, right) == 1).toArray(); // NaN is no film of one side
                int correct = (int) IntStream.of(films)
                        .filter(i -> truth(i, left) == 1 ? score(i, left) > score(i, right)
                                : score(i, right) > score(i, left)).count();
                found.add(new SideAccuracy(finding, correct, films.length));
            }
        }
        return found;
    }

    private int column(Label finding, boolean left) {
        return IntStream.range(0, labels.size()).filter(j -> {
            Optional<SideLabel> side = SideLabel.named(labels.get(j));
            return side.isPresent() && side.get().finding() == finding && side.get().left() == left;
        }).findFirst().orElse(-1);
    }

    private float truth(int film, int label) {
        return scored.labels()[film * labels.size() + label];
    }

    private float score(int film, int label) {
        return scored.scores()[film * labels.size() + label];
    }

    /// Writes a table: a row for each film, with a column for each label's truth (empty: not known) and probability.
    ///
    /// @throws IOException if it cannot be written
    public void write(Path file) throws IOException {
        List<String> columns = new ArrayList<>(List.of("id"));
        labels.forEach(label -> columns.addAll(List.of(label, label + " probability")));
        List<List<Object>> rows = new ArrayList<>();
        for (int i = 0; i < ids.size(); i++) {
            List<Object> row = new ArrayList<>(List.of(ids.get(i)));
            for (int j = 0; j < labels.size(); j++) {
                row.add(Float.isNaN(truth(i, j)) ? null : (int) truth(i, j));
                row.add(score(i, j));
            }
            rows.add(row);
        }
        TableFile.write(file, columns, rows);
    }
}
