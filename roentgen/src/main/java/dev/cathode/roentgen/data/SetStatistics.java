package dev.cathode.roentgen.data;

import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/// A set in numbers: a column of the paper's Table 1.
///
/// @param name of the set
/// @param count pictures
/// @param positives how many of them have each [Label]
/// @param characters of the impressions
/// @param tokens of the impressions, begin and end token included; empty if nobody counted
public record SetStatistics(String name, int count, List<Integer> positives, Spread characters,
                            Optional<Spread> tokens) {
    /// Mean and standard deviation (of the whole set, not of a sample from a larger one).
    public record Spread(double mean, double deviation) {
        static Spread of(int[] values) {
            double mean = IntStream.of(values).average().orElse(0);
            double variance = IntStream.of(values).mapToDouble(v -> (v - mean) * (v - mean)).average().orElse(0);
            return new Spread(mean, Math.sqrt(variance));
        }
    }

    /// Counts a set.
    ///
    /// @param policy what counts as positive
    public static SetStatistics of(String name, List<MimicSample> samples, LabelPolicy policy) {
        List<Integer> positives = List.of(Label.values()).stream().map(label -> (int) samples.stream()
                .filter(sample -> policy.apply(sample.labels().get(label)) == 1).count()).toList();
        boolean counted = !samples.isEmpty() && samples.stream().allMatch(sample -> sample.clipTokens().isPresent());
        return new SetStatistics(name, samples.size(), positives,
                Spread.of(samples.stream().mapToInt(s -> s.impression().codePointCount(0, s.impression().length()))
                        .toArray()),
                counted ? Optional.of(Spread.of(samples.stream().mapToInt(s -> s.clipTokens().getAsInt()).toArray()))
                        : Optional.empty());
    }
}
