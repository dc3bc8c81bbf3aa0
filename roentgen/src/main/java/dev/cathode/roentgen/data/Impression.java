package dev.cathode.roentgen.data;

import java.util.List;
import java.util.Set;

/// What became of a study's report: its impression, or why there is none.
///
/// @param text the impression on one line; empty unless `kind` is [Kind#IMPRESSION]
public record Impression(Kind kind, String text) {
    /// What a report has.
    public enum Kind {
        /// An impression.
        IMPRESSION,
        /// Findings, but no impression.
        FINDINGS,
        /// Neither, but a last paragraph.
        LAST_PARAGRAPH,
        /// Nothing of that kind.
        OTHER,
        /// Sections that the official pipeline picks by hand; they are not in its table of impressions.
        BY_HAND,
        /// There is no report, or it cannot be read.
        NO_REPORT
    }

    /// The studies with mis-named sections and with hand-made character ranges in `txt/section_parser.py` of
    /// MIT-LCP/mimic-cxr.
    private static final Set<Integer> BY_HAND = Set.of(50058765, 50196495, 50525523, 50743547, 50798377, 50808053,
            50913680, 51410602, 51491012, 51966317, 52035334, 52119491, 52648681, 52674888, 53071062, 53182247,
            53202765, 53356173, 53488209, 53514462, 53607029, 54168089, 54231141, 54365831, 54654948, 54875119,
            54986978, 55124749, 55157853, 55258338, 56412866, 56451190, 56482935, 56579911, 56724958, 56760320,
            57150433, 57564132, 57936451, 58157373, 58235663, 58375018, 59003148, 59067458, 59087630, 59215320,
            59279892, 59330497, 59363654, 59505494, 59562049, 59768032, 59889364, 59982525);

    /// The impression of a study's report.
    static Impression of(int studyId, String report) {
        if (BY_HAND.contains(studyId)) {
            return new Impression(Kind.BY_HAND, "");
        }
        List<ReportSections.Section> sections = ReportSections.parse(report);
        return ReportSections.last(sections, SectionNames.IMPRESSION).map(t -> new Impression(Kind.IMPRESSION, t))
                .orElseGet(() -> new Impression(sections.stream().map(section -> switch (section.name()) {
                    case SectionNames.FINDINGS -> Kind.FINDINGS;
                    case "last_paragraph" -> Kind.LAST_PARAGRAPH;
                    default -> Kind.OTHER;
                }).min(Enum::compareTo).orElse(Kind.OTHER), ""));
    }

    /// Its length as people count: code points.
    int characters() {
        return text.codePointCount(0, text.length());
    }
}
