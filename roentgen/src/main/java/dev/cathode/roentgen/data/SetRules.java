package dev.cathode.roentgen.data;

import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/// Which pictures of MIMIC-CXR are taken. A study always needs a report with an impression and a row of labels.
///
/// @param name of the set, for people and files
/// @param views the `ViewPosition`s that are taken; empty: all
/// @param folders `p10` to `p19`; empty: all
/// @param splits studies that have a picture in any other official split are left out
/// @param onePerStudy whether only one picture of each study is taken: the first by [#VIEW_ORDER], then by position in
///         the table
/// @param minCharacters shorter impressions are left out
/// @param maxTokens impressions with more tokens, begin and end token included, are left out; 0: there is no limit
/// @param maxNoFinding how many pictures labelled "No Finding" are taken, by chance; 0: there is no limit
/// @param sample how many pictures are taken, by chance; 0: all
/// @param seed of both chances
public record SetRules(String name, Set<String> views, Set<String> folders, Set<Split> splits, boolean onePerStudy,
                       int minCharacters, int maxTokens, int maxNoFinding, int sample, long seed) {
    /// What is preferred if a study is represented by one picture; others come last.
    public static final List<String> VIEW_ORDER = List.of("PA", "AP", "LATERAL", "LL");

    private static final int MIN_CHARACTERS = 7;
    private static final int MAX_TOKENS = 77;
    private static final long SEED = 10;
    private static final Set<String> P10_TO_P18 =
            sorted(IntStream.rangeClosed(10, 18).mapToObj(folder -> "p" + folder));

    /// The paper's postero-anterior training set (n = 38,009).
    public static final SetRules PA_TRAIN = new SetRules("pa-train", Set.of("PA"), P10_TO_P18,
            Set.of(Split.TRAIN, Split.VALIDATE), false, MIN_CHARACTERS, MAX_TOKENS, 10_005, 0, SEED);
    /// The paper's training set of several views (n = 175,622).
    public static final SetRules PA_AP_LAT_TRAIN = new SetRules("pa-ap-lat-train",
            Set.of("PA", "AP", "LATERAL", "LL"), P10_TO_P18, Set.of(Split.TRAIN, Split.VALIDATE), false,
            MIN_CHARACTERS, MAX_TOKENS, 47_846, 0, SEED);
    /// The official test set, one picture of each study, impressions of any length (n = 2,225).
    public static final SetRules MIMIC_TEST = new SetRules("mimic-test", Set.of(), Set.of(), Set.of(Split.TEST), true,
            MIN_CHARACTERS, 0, 0, 0, SEED);
    /// The paper's postero-anterior test set from the folder that training leaves out (n = 5,000).
    public static final SetRules P19_TEST = new SetRules("p19-test", Set.of("PA"), Set.of("p19"),
            Set.of(Split.values()), false, MIN_CHARACTERS, MAX_TOKENS, 1_738, 5_000, SEED);
    /// The paper's sets, in the order of its Table 1.
    public static final List<SetRules> PRESETS = List.of(PA_TRAIN, PA_AP_LAT_TRAIN, MIMIC_TEST, P19_TEST);

    /// Checks the numbers.
    public SetRules {
        views = sorted(views.stream());
        folders = sorted(folders.stream());
        splits = Set.copyOf(splits);
        if (minCharacters < 0 || maxTokens < 0 || maxNoFinding < 0 || sample < 0) {
            throw new IllegalArgumentException(name + ": no limit can be negative");
        }
        if (splits.isEmpty()) {
            throw new IllegalArgumentException(name + ": no split is taken, so nothing is");
        }
        for (String folder : folders) {
            if (!folder.matches("p\\d\\d")) {
                throw new IllegalArgumentException(name + ": '" + folder + "' is no folder of MIMIC-CXR: p10 to p19");
            }
        }
    }

    private static Set<String> sorted(Stream<String> names) {
        return Collections.unmodifiableSortedSet(new TreeSet<>(names.toList()));
    }

    /// The preset of that name.
    public static Optional<SetRules> preset(String name) {
        return PRESETS.stream().filter(rules -> rules.name().equals(name)).findFirst();
    }

    /// The paper's rules for training on these views: [#PA_TRAIN] or [#PA_AP_LAT_TRAIN] if the views are theirs. Other
    /// views get the same rules without a limit to films without a finding, for which the paper has no number.
    ///
    /// @param views empty: all
    public static SetRules training(Set<String> views) {
        return Stream.of(PA_TRAIN, PA_AP_LAT_TRAIN).filter(rules -> rules.views().equals(views)).findFirst()
                .orElseGet(() -> new SetRules("train", views, P10_TO_P18, PA_TRAIN.splits(), false, MIN_CHARACTERS,
                        MAX_TOKENS, 0, 0, SEED));
    }

    /// These rules with another limit of tokens.
    public SetRules withMaxTokens(int tokens) {
        return new SetRules(name, views, folders, splits, onePerStudy, minCharacters, tokens, maxNoFinding, sample,
                seed);
    }

    /// How early a view comes in [#VIEW_ORDER].
    static int rank(String view) {
        int index = VIEW_ORDER.indexOf(view);
        return index < 0 ? VIEW_ORDER.size() : index;
    }
}
