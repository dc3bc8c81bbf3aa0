package dev.cathode.roentgen.data;

import dev.cathode.engine.data.DataProblem;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// The impressions of many studies, read once.
public final class Impressions {
    private final Map<Integer, Impression> byStudy;

    private Impressions(Map<Integer, Impression> byStudy) {
        this.byStudy = byStudy;
    }

    /// Reads the reports of all studies, on all processors.
    ///
    /// @param problems told of each report that is not there or cannot be read, in order
    public static Impressions read(MimicCxr set, Reports reports, Consumer<DataProblem> problems) {
        List<MimicImage> studies = set.studies().values().stream().map(List::getFirst).toList();
        Impression[] impressions = new Impression[studies.size()];
        String[] reasons = new String[studies.size()];
        IntStream.range(0, impressions.length).parallel().forEach(i -> {
            MimicImage study = studies.get(i);
            try {
                impressions[i] = reports.text(study.subjectId(), study.studyId())
                        .map(text -> Impression.of(study.studyId(), text)).orElse(null);
                reasons[i] = "no such report";
            } catch (IOException e) {
                reasons[i] = "cannot be read: " + e.getMessage();
            }
        });
        for (int i = 0; i < impressions.length; i++) {
            if (impressions[i] == null) {
                impressions[i] = new Impression(Impression.Kind.NO_REPORT, "");
                problems.accept(DataProblem.of(reports.path(studies.get(i).subjectId(), studies.get(i).studyId()),
                        reasons[i]));
            }
        }
        return new Impressions(IntStream.range(0, impressions.length).boxed()
                .collect(Collectors.toMap(i -> studies.get(i).studyId(), i -> impressions[i])));
    }

    /// The impression of a study.
    ///
    /// @throws IllegalArgumentException if the study is not in the set
    public Impression of(int studyId) {
        Impression impression = byStudy.get(studyId);
        if (impression == null) {
            throw new IllegalArgumentException("study " + studyId + " is not in this set");
        }
        return impression;
    }

    /// How many studies have what.
    public Map<Impression.Kind, Long> counts() {
        return byStudy.values().stream().collect(Collectors.groupingBy(Impression::kind, Collectors.counting()));
    }
}
