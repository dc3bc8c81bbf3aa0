package dev.cathode.cli;

import dev.cathode.roentgen.data.SetRules;
import dev.cathode.roentgen.data.Split;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import picocli.CommandLine.Option;

/// Options that choose pictures: one of the paper's sets, and what to do otherwise. An option that was not given is
/// null.
final class SetOptions {
    private static final String ALL = "all";

    @Option(names = "--set", paramLabel = "NAME", required = true, completionCandidates = SetNames.class,
            description = "The paper's set to begin with: ${COMPLETION-CANDIDATES}. The options below change it.")
    String set;
    @Option(names = "--views", paramLabel = "VIEW", split = ",",
            description = "ViewPositions to take, like PA,AP; or all.")
    List<String> views;
    @Option(names = "--folders", paramLabel = "FOLDER", split = ",",
            description = "Folders to take, like p10,p11; or all.")
    List<String> folders;
    @Option(names = "--splits", paramLabel = "SPLIT", split = ",",
            description = "Official splits whose studies to take: train,validate,test; or all.")
    List<String> splits;
    @Option(names = "--one-per-study", arity = "1", paramLabel = "BOOLEAN",
            description = "true: one picture of each study, PA before AP before lateral ones. false: all of them.")
    Boolean onePerStudy;
    @Option(names = "--min-characters", paramLabel = "N", description = "Leave out shorter impressions.")
    Integer minCharacters;
    @Option(names = "--max-tokens", paramLabel = "N",
            description = "Leave out impressions of more tokens, begin and end included; 0: no limit.")
    Integer maxTokens;
    @Option(names = "--max-no-finding", paramLabel = "N",
            description = "Take that many pictures labelled No Finding, by chance; 0: no limit.")
    Integer maxNoFinding;
    @Option(names = "--sample", paramLabel = "N", description = "Take that many pictures, by chance; 0: all.")
    Integer sample;
    @Option(names = "--seed", paramLabel = "N", description = "Of what is taken by chance (default: 10).")
    Long seed;

    /// For help and completion.
    static final class SetNames implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            return SetRules.PRESETS.stream().map(SetRules::name).iterator();
        }
    }

    /// What they come to.
    ///
    /// @throws IllegalArgumentException if a name or number is none that exists
    SetRules rules() {
        SetRules base = SetRules.preset(set).orElseThrow(() -> new IllegalArgumentException("no set is called '" + set
                + "'; there are " + SetRules.PRESETS.stream().map(SetRules::name).collect(Collectors.joining(", "))));
        return new SetRules(set, names(views, base.views()), names(folders, base.folders()),
                splits == null ? base.splits() : officialSplits(), or(onePerStudy, base.onePerStudy()),
                or(minCharacters, base.minCharacters()), or(maxTokens, base.maxTokens()),
                or(maxNoFinding, base.maxNoFinding()), or(sample, base.sample()), or(seed, base.seed()));
    }

    private static <T> T or(T given, T otherwise) {
        return given == null ? otherwise : given;
    }

    private static Set<String> names(List<String> given, Set<String> otherwise) {
        if (given == null) {
            return otherwise;
        }
        return given.contains(ALL) ? Set.of() : Set.copyOf(given);
    }

    private Set<Split> officialSplits() {
        if (splits.contains(ALL)) {
            return Set.of(Split.values());
        }
        return splits.stream().map(name -> List.of(Split.values()).stream()
                .filter(split -> split.name().toLowerCase(Locale.ROOT).equals(name)).findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no split is called '" + name
                        + "'; there are train, validate, test"))).collect(Collectors.toSet());
    }
}
