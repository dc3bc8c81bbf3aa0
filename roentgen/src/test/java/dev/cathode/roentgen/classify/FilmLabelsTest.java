package dev.cathode.roentgen.classify;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.roentgen.data.Label;
import dev.cathode.roentgen.data.LabelPolicy;
import dev.cathode.roentgen.data.Labels;
import dev.cathode.roentgen.data.MimicDataset;
import dev.cathode.roentgen.data.MimicSample;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Labels of films, and the sides that impressions name.
class FilmLabelsTest {
    private static final float NAN = Float.NaN;

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "Large left pleural effusion.                                        | left  |",
        "Small effusion on the right                                         |       | right",
        "There are small bilateral pleural effusions.                        | left  | right",
        "Right and left pleural effusions, unchanged                         | left  | right",
        "Left-sided effusion; right pneumothorax                             | left  |",
        "small right pleural effusion and displaced left rib fractures       |       | right",
        "Moderate right effusion with left basilar atelectasis               |       | right",
        "No left effusion. Small right effusion.                             |       | right",
        "small pleural effusion                                              |       |",
        "bright film, no effusion                                            |       |",
        "Left effusion is not seen any more                                  |       |",
        "Left effusion has not changed                                       | left  |"})
    void sidesAreThoseOfTheClauseThatNamesTheFinding(String impression, String left, String right) {
        assertEquals(new Laterality(left != null, right != null),
                Laterality.of(impression, Pattern.compile("effusion")));
    }

    @Test
    void labelsFollowThePolicyAndSidesTheLabel() {
        List<String> labels = List.of("Pneumothorax", "Left Pneumothorax", "Right Pneumothorax", "Pleural Effusion",
                "Left Pleural Effusion", "Edema");
        MimicSample certain = sample("Large left pneumothorax with shift of the mediastinum to the right. Effusion.",
                Labels.POSITIVE, Labels.POSITIVE, Labels.NOT_MENTIONED);
        var films = new MimicDataset("films", List.of(certain,
                sample("Possible right pneumothorax", Labels.UNCERTAIN, Labels.NEGATIVE, Labels.NEGATIVE)));
        var ones = new FilmLabels(films, labels, LabelPolicy.UONES);
        assertArrayEquals(new float[] {1, 1, 0, 1, NAN, 0}, ones.truth(0));
        assertArrayEquals(new float[] {1, 0, 1, 0, 0, 0}, ones.truth(1));
        assertArrayEquals(new float[] {NAN, NAN, NAN, 0, 0, 0},
                new FilmLabels(films, labels, LabelPolicy.IGNORE).truth(1));
        assertArrayEquals(new float[] {0, 0, 0, 0, 0, 0},
                new FilmLabels(films, labels, LabelPolicy.UZEROS).truth(1));
        assertArrayEquals(new int[] {10000001, 10000001}, ones.patients());
    }

    @Test
    void labelsThatDoNotExistAreRefused() {
        var films = new MimicDataset("films", List.of());
        var error = assertThrows(IllegalArgumentException.class,
                () -> new FilmLabels(films, List.of("Effusion"), LabelPolicy.UONES));
        assertTrue(error.getMessage().startsWith("there is no label 'Effusion'; there are Atelectasis, "));
        assertEquals(18, new FilmLabels(films, FilmLabels.all(), LabelPolicy.UONES).labels().size());
    }

    private static MimicSample sample(String impression, int pneumothorax, int effusion, int edema) {
        int[] values = new int[Label.values().length];
        Arrays.fill(values, Labels.NOT_MENTIONED);
        values[Label.PNEUMOTHORAX.ordinal()] = pneumothorax;
        values[Label.PLEURAL_EFFUSION.ordinal()] = effusion;
        values[Label.EDEMA.ordinal()] = edema;
        return new MimicSample("a-b", 50000001, 10000001, "PA", Path.of("a-b.jpg"), impression, OptionalInt.empty(),
                Labels.of(values));
    }
}
