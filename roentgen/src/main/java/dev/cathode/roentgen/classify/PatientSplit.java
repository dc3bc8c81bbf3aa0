package dev.cathode.roentgen.classify;

import dev.cathode.engine.random.TorchGenerator;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.IntStream;

/// Pictures set aside for validation: all of some patients, so that nobody is on both sides.
///
/// @param training positions, ascending
/// @param validation positions, ascending
public record PatientSplit(int[] training, int[] validation) {
    /// Draws patients with PyTorch's `randperm`.
    ///
    /// @param patients the patient of each picture
    /// @param share of the patients that are set aside, rounded, but at least one
    /// @throws IllegalArgumentException if nobody would be left on one side
    public static PatientSplit of(int[] patients, double share, long seed) {
        int[] people = Arrays.stream(patients).distinct().sorted().toArray();
        int aside = Math.max(1, (int) Math.round(share * people.length));
        if (aside >= people.length) {
            throw new IllegalArgumentException("of " + people.length + " patients none would be left to learn from"
                    + " with " + aside + " set aside for validation");
        }
        int[] order = new TorchGenerator(seed).randperm(people.length);
        Set<Integer> chosen = new HashSet<>();
        IntStream.range(0, aside).forEach(i -> chosen.add(people[order[i]]));
        return new PatientSplit(
                IntStream.range(0, patients.length).filter(i -> !chosen.contains(patients[i])).toArray(),
                IntStream.range(0, patients.length).filter(i -> chosen.contains(patients[i])).toArray());
    }
}
