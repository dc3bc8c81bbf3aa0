package dev.cathode.roentgen.classify;

import dev.cathode.roentgen.data.Label;
import dev.cathode.roentgen.data.LabelPolicy;
import dev.cathode.roentgen.data.Labels;
import dev.cathode.roentgen.data.MimicSample;
import java.util.Arrays;
import java.util.Optional;
import java.util.regex.Pattern;

/// Labels beside CheXpert's: on which side the two findings are that have one. What is true follows from the label and
/// the words of the impression.
public enum SideLabel {
    LEFT_PLEURAL_EFFUSION("Left Pleural Effusion", Label.PLEURAL_EFFUSION, true),
    RIGHT_PLEURAL_EFFUSION("Right Pleural Effusion", Label.PLEURAL_EFFUSION, false),
    LEFT_PNEUMOTHORAX("Left Pneumothorax", Label.PNEUMOTHORAX, true),
    RIGHT_PNEUMOTHORAX("Right Pneumothorax", Label.PNEUMOTHORAX, false);

    private static final Pattern EFFUSION = Pattern.compile("effusion|hydropneumothora");
    private static final Pattern PNEUMOTHORAX = Pattern.compile("pneumothora");

    private final String title;
    private final Label finding;
    private final boolean left;

    SideLabel(String title, Label finding, boolean left) {
        this.title = title;
        this.finding = finding;
        this.left = left;
    }

    /// The label's name.
    public String title() {
        return title;
    }

    /// What has the side.
    public Label finding() {
        return finding;
    }

    /// Whether the side is the left.
    public boolean left() {
        return left;
    }

    /// The label of that name.
    public static Optional<SideLabel> named(String title) {
        return Arrays.stream(values()).filter(label -> label.title.equals(title)).findFirst();
    }

    /// What an impression says of the sides of a finding, 1 there, 0 not there; a finding that is not there is on
    /// neither side, one whose side is not named may be on either.
    ///
    /// @return 1, 0, or NaN where it is not known
    public float truth(MimicSample sample, LabelPolicy policy) {
        int label = policy.apply(sample.labels().get(finding));
        if (label != Labels.POSITIVE) {
            return label == Labels.NEGATIVE ? 0 : Float.NaN;
        }
        Laterality sides = Laterality.of(sample.impression(),
                finding == Label.PNEUMOTHORAX ? PNEUMOTHORAX : EFFUSION);
        return !sides.known() ? Float.NaN : (left ? sides.left() : sides.right()) ? 1 : 0;
    }
}
