package dev.cathode.roentgen.data;

import dev.cathode.engine.data.ImageTextDataset;
import dev.cathode.engine.image.ImageFiles;
import dev.cathode.engine.image.RgbImage;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;

/// Chest films with impressions and labels.
public final class MimicDataset implements ImageTextDataset {
    private final String description;
    private final List<MimicSample> samples;
    private final boolean viewTokens;

    private MimicDataset(String description, List<MimicSample> samples, boolean viewTokens) {
        this.description = description;
        this.samples = List.copyOf(samples);
        this.viewTokens = viewTokens;
    }

    /// These samples; captions are the impressions alone.
    public MimicDataset(String description, List<MimicSample> samples) {
        this(description, samples, false);
    }

    /// This set with the view named at the beginning of each caption, so that a model of several views can be asked for
    /// one: "PA view. No acute process."
    public MimicDataset withViewTokens() {
        return new MimicDataset(description, samples, true);
    }

    /// Some of the pictures, in the order given.
    ///
    /// @param positions as [dev.cathode.engine.data.Subset#readablePositions] gives them, for example
    public MimicDataset subset(int[] positions) {
        return new MimicDataset(description, Arrays.stream(positions).mapToObj(samples::get).toList(), viewTokens);
    }

    @Override
    public String description() {
        return description;
    }

    @Override
    public int size() {
        return samples.size();
    }

    /// The DICOM id.
    @Override
    public String id(int index) {
        return samples.get(index).dicomId();
    }

    @Override
    public String caption(int index) {
        String impression = samples.get(index).impression();
        return viewTokens ? prompt(view(index), impression) : impression;
    }

    /// A prompt that begins with a view, as [#withViewTokens] makes them.
    ///
    /// @param view `PA`, `AP`, `LATERAL`, `LL` (lateral as well) or any other; empty: the prompt stays as it is
    public static String prompt(String view, String prompt) {
        String named = switch (view) {
            case "LATERAL", "LL" -> "Lateral";
            default -> view;
        };
        return named.isEmpty() ? prompt : named + " view. " + prompt;
    }

    /// DICOM's `ViewPosition` of a picture.
    public String view(int index) {
        return samples.get(index).view();
    }

    /// What is said of each [Label]: 1 positive, 0 negative, -1 uncertain, -2 not mentioned; see [Labels].
    public int[] labels(int index) {
        return samples.get(index).labels().toArray();
    }

    /// What to learn of each [Label]: 1, 0, or -1 for what [LabelPolicy#IGNORE] leaves out.
    public int[] labels(int index, LabelPolicy policy) {
        return Arrays.stream(labels(index)).map(policy::apply).toArray();
    }

    /// Everything known of a picture.
    public MimicSample sample(int index) {
        return samples.get(index);
    }

    /// All of them.
    public List<MimicSample> samples() {
        return samples;
    }

    @Override
    public RgbImage image(int index) throws IOException {
        return ImageFiles.read(samples.get(index).imagePath());
    }
}
