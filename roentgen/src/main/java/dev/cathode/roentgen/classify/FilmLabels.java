package dev.cathode.roentgen.classify;

import dev.cathode.engine.image.RgbImage;
import dev.cathode.roentgen.data.Label;
import dev.cathode.roentgen.data.LabelPolicy;
import dev.cathode.roentgen.data.Labels;
import dev.cathode.roentgen.data.MimicDataset;
import dev.cathode.roentgen.data.MimicSample;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/// Chest films with CheXpert's labels, and with the sides of those findings that have one.
///
/// @param films the pictures
/// @param labels titles of [Label]s and [SideLabel]s, in the order of the classifier's outputs
/// @param policy what an uncertain label counts as
public record FilmLabels(MimicDataset films, List<String> labels, LabelPolicy policy) implements LabelledImages {
    /// Checks the titles.
    ///
    /// @throws IllegalArgumentException if a label does not exist
    public FilmLabels {
        labels = List.copyOf(labels);
        if (labels.isEmpty()) {
            throw new IllegalArgumentException("at least one label is needed");
        }
        for (String title : labels) {
            if (SideLabel.named(title).isEmpty() && label(title) == null) {
                throw new IllegalArgumentException("there is no label '" + title + "'; there are "
                        + String.join(", ", all()));
            }
        }
    }

    /// The titles of all labels, those of sides last.
    public static List<String> all() {
        return Stream.concat(Arrays.stream(Label.values()).map(Label::title),
                Arrays.stream(SideLabel.values()).map(SideLabel::title)).toList();
    }

    private static Label label(String title) {
        return Arrays.stream(Label.values()).filter(label -> label.title().equals(title)).findFirst().orElse(null);
    }

    @Override
    public int size() {
        return films.size();
    }

    @Override
    public String id(int index) {
        return films.id(index);
    }

    @Override
    public float[] truth(int index) {
        return truth(films.sample(index));
    }

    /// What is true of a film, in the order of the labels.
    public float[] truth(MimicSample sample) {
        float[] truth = new float[labels.size()];
        for (int j = 0; j < truth.length; j++) {
            SideLabel side = SideLabel.named(labels.get(j)).orElse(null);
            truth[j] = side != null ? side.truth(sample, policy)
                    : number(policy.apply(sample.labels().get(label(labels.get(j)))));
        }
        return truth;
    }

    private static float number(int label) {
        return label == Labels.UNCERTAIN ? Float.NaN : label;
    }

    /// The patient of each film, see [PatientSplit].
    public int[] patients() {
        return films.samples().stream().mapToInt(MimicSample::subjectId).toArray();
    }

    @Override
    public RgbImage image(int index) throws IOException {
        return films.image(index);
    }
}
