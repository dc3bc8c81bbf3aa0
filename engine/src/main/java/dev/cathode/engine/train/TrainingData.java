package dev.cathode.engine.train;

import dev.cathode.engine.data.ImageTextDataset;
import java.util.Arrays;
import java.util.stream.IntStream;

/// The samples of a run: which are trained on, which are held out.
///
/// @param trained numbers in the data set
/// @param heldOut numbers in the data set
/// @param digest of the whole data set, see [DataDigest]
public record TrainingData(int[] trained, int[] heldOut, String digest) {
    /// These samples with an epoch that goes through those trained on several times: a few pictures may be fewer than a
    /// step has samples.
    public TrainingData repeated(int times) {
        int[] again = new int[trained.length * times];
        for (int i = 0; i < times; i++) {
            System.arraycopy(trained, 0, again, i * trained.length, trained.length);
        }
        return new TrainingData(again, heldOut, digest);
    }

    /// Splits a data set.
    ///
    /// @param heldOutShare the part that is held out, at least 0 and below 1
    /// @throws IllegalArgumentException if nothing is left to train on
    public static TrainingData split(ImageTextDataset data, double heldOutShare, TrainingRandom random) {
        int count = (int) Math.round(data.size() * heldOutShare);
        if (count >= data.size()) {
            throw new IllegalArgumentException(data.description() + ": with " + data.size() + " samples and"
                    + " validation_split " + heldOutShare + " nothing is left to train on");
        }
        int[] shuffled = random.permutation(TrainingRandom.Stream.SPLIT, 0, data.size());
        int[] heldOut = Arrays.stream(shuffled, 0, count).sorted().toArray();
        boolean[] out = new boolean[data.size()];
        Arrays.stream(heldOut).forEach(i -> out[i] = true);
        return new TrainingData(IntStream.range(0, data.size()).filter(i -> !out[i]).toArray(), heldOut,
                DataDigest.of(data));
    }
}
