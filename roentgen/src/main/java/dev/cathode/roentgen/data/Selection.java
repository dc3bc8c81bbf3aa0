package dev.cathode.roentgen.data;

import dev.cathode.engine.data.DataProblem;
import dev.cathode.engine.random.TorchGenerator;
import dev.cathode.engine.text.Tokenizer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/// The pictures that follow rules, and how many were left out by which.
///
/// @param samples in the order of the table of splits
/// @param leftOut pictures by the first rule that they break
public record Selection(SetRules rules, List<MimicSample> samples, Map<Rule, Integer> leftOut) {
    /// Why a picture is not taken, in the order in which the rules are looked at.
    public enum Rule {
        SPLIT("of another split"), FOLDER("in another folder"), VIEW("of another view"), NO_REPORT("no report"),
        NO_IMPRESSION("no impression"), TOO_SHORT("impression too short"), TOO_MANY_TOKENS("too many tokens"),
        NO_LABELS("no labels"), NO_FILE("no picture file"), NOT_FIRST("another picture of the study is taken"),
        NO_FINDING("more than enough without a finding"), NOT_SAMPLED("not drawn");

        private final String meaning;

        Rule(String meaning) {
            this.meaning = meaning;
        }

        /// For people.
        public String meaning() {
            return meaning;
        }
    }

    /// Applies rules. Everything by chance is drawn with PyTorch's `randperm`: the pictures are walked through in that
    /// order and taken until there are enough of them, those without a finding until there are enough of these.
    ///
    /// @param tokenizer counts tokens; needed if the rules limit them
    /// @param lookForFiles whether a picture must be there as a file
    /// @param problems told of studies without labels and of pictures without a file
    /// @throws IllegalArgumentException if the rules limit tokens and there is no tokenizer
    public static Selection of(SetRules rules, MimicCxr set, Impressions impressions, Optional<Tokenizer> tokenizer,
            boolean lookForFiles, Consumer<DataProblem> problems) {
        if (rules.maxTokens() > 0 && tokenizer.isEmpty()) {
            throw new IllegalArgumentException("the set " + rules.name() + " takes impressions of up to "
                    + rules.maxTokens() + " tokens, and there is no tokenizer to count them");
        }
        Selector selector = new Selector(rules, set, impressions, tokenizer, lookForFiles, problems);
        List<MimicImage> candidates = set.images().stream().filter(selector::accepts).toList();
        return selector.choose(rules.onePerStudy() ? selector.onePerStudy(candidates) : candidates);
    }

    /// The paper's filters, one by one; remembers what it looked up for each study.
    private static final class Selector {
        private final SetRules rules;
        private final MimicCxr set;
        private final Impressions impressions;
        private final Optional<Tokenizer> tokenizer;
        private final boolean lookForFiles;
        private final Consumer<DataProblem> problems;
        private final Set<Integer> otherSplits;
        private final Map<Integer, OptionalInt> tokens = new HashMap<>();
        private final Set<Integer> withoutLabels = new HashSet<>();
        private final Map<Rule, Integer> leftOut = new EnumMap<>(Rule.class);

        private Selector(SetRules rules, MimicCxr set, Impressions impressions, Optional<Tokenizer> tokenizer,
                boolean lookForFiles, Consumer<DataProblem> problems) {
            this.rules = rules;
            this.set = set;
            this.impressions = impressions;
            this.tokenizer = tokenizer;
            this.lookForFiles = lookForFiles;
            this.problems = problems;
            otherSplits = set.images().stream().filter(image -> !rules.splits().contains(image.split()))
                    .map(MimicImage::studyId).collect(Collectors.toSet());
        }

        private boolean accepts(MimicImage image) {
            Optional<Rule> broken = broken(image);
            broken.ifPresent(this::count);
            return broken.isEmpty();
        }

        private void count(Rule rule) {
            leftOut.merge(rule, 1, Integer::sum);
        }

        private Optional<Rule> broken(MimicImage image) {
            if (otherSplits.contains(image.studyId())) {
                return Optional.of(Rule.SPLIT);
            }
            if (!rules.folders().isEmpty() && !rules.folders().contains(image.folder())) {
                return Optional.of(Rule.FOLDER);
            }
            if (!rules.views().isEmpty() && !rules.views().contains(image.view())) {
                return Optional.of(Rule.VIEW);
            }
            Impression impression = impressions.of(image.studyId());
            if (impression.kind() != Impression.Kind.IMPRESSION) {
                return Optional.of(impression.kind() == Impression.Kind.NO_REPORT ? Rule.NO_REPORT
                        : Rule.NO_IMPRESSION);
            }
            if (impression.characters() < rules.minCharacters()) {
                return Optional.of(Rule.TOO_SHORT);
            }
            if (rules.maxTokens() > 0 && tokens(image.studyId()).orElseThrow() > rules.maxTokens()) {
                return Optional.of(Rule.TOO_MANY_TOKENS);
            }
            if (!set.chexpert().containsKey(image.studyId())) {
                if (withoutLabels.add(image.studyId())) {
                    problems.accept(DataProblem.of(set.root(), "study " + image.studyId()
                            + " has no usable row in the table of CheXpert's labels"));
                }
                return Optional.of(Rule.NO_LABELS);
            }
            Path file = set.path(image);
            if (lookForFiles && !Files.isRegularFile(file)) {
                problems.accept(DataProblem.of(file, "no such file"));
                return Optional.of(Rule.NO_FILE);
            }
            return Optional.empty();
        }

        private OptionalInt tokens(int studyId) {
            return tokens.computeIfAbsent(studyId, id -> tokenizer.map(t ->
                    OptionalInt.of(t.encode(impressions.of(id).text()).length)).orElse(OptionalInt.empty()));
        }

        private List<MimicImage> onePerStudy(List<MimicImage> candidates) {
            Map<Integer, MimicImage> first = candidates.stream().collect(Collectors.toMap(MimicImage::studyId,
                    image -> image, (one, two) -> SetRules.rank(two.view()) < SetRules.rank(one.view()) ? two : one));
            return candidates.stream().filter(image -> {
                boolean taken = first.get(image.studyId()).equals(image);
                if (!taken) {
                    count(Rule.NOT_FIRST);
                }
                return taken;
            }).toList();
        }

        private Selection choose(List<MimicImage> candidates) {
            List<Integer> taken = new ArrayList<>();
            int noFinding = 0;
            for (int position : new TorchGenerator(rules.seed()).randperm(candidates.size())) {
                boolean healthy = set.chexpert().get(candidates.get(position).studyId()).get(Label.NO_FINDING)
                        == Labels.POSITIVE;
                if (rules.sample() > 0 && taken.size() == rules.sample()) {
                    count(Rule.NOT_SAMPLED);
                } else if (healthy && rules.maxNoFinding() > 0 && noFinding == rules.maxNoFinding()) {
                    count(Rule.NO_FINDING);
                } else {
                    taken.add(position);
                    noFinding += healthy ? 1 : 0;
                }
            }
            taken.sort(Comparator.naturalOrder());
            return new Selection(rules, taken.stream().map(candidates::get).map(this::sample).toList(),
                    Map.copyOf(leftOut));
        }

        private MimicSample sample(MimicImage image) {
            return new MimicSample(image.dicomId(), image.studyId(), image.subjectId(), image.view(), set.path(image),
                    impressions.of(image.studyId()).text(), tokens(image.studyId()),
                    set.chexpert().get(image.studyId()));
        }
    }
}
