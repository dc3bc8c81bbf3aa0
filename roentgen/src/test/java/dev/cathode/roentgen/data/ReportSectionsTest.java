package dev.cathode.roentgen.data;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.cathode.roentgen.data.ReportSections.Section;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ReportSectionsTest {
    private static List<String> names(String report) {
        return ReportSections.parse(report).stream().map(Section::name).toList();
    }

    private static void assertImpression(String expected, String report) {
        assertEquals(Optional.of(expected), ReportSections.impression(report));
    }

    @Test
    void aUsualReport() {
        String report = """
                                 FINAL REPORT
                 EXAMINATION:  CHEST (PA AND LAT)
                \s
                 INDICATION:  ___F with cough  // pneumonia?
                \s
                 TECHNIQUE:  Chest PA and lateral
                \s
                 COMPARISON:  None.
                \s
                 FINDINGS:\s
                \s
                 The lungs are clear.  No effusion.
                \s
                 IMPRESSION:\s
                \s
                 No acute
                   cardiopulmonary	process.
                """;
        assertEquals(List.of("preamble", "examination", "indication", "technique", "comparison", "findings",
                "impression"), names(report));
        assertImpression("No acute cardiopulmonary process.", report);
        assertEquals(" Chest PA and lateral\n ", ReportSections.parse(report).get(3).text(), "as it stands");
    }

    @Test
    void theLastImpressionCounts() {
        assertImpression("Second.", "\n IMPRESSION: First.\n FINDINGS: Some.\n CONCLUSION: Second.\n");
        assertImpression("First.", "\n IMPRESSION: First.\n \n IMPRESSION: \n \n\n");
    }

    @Test
    void preambleEndsWhereTheHeadingBegins() {
        assertEquals(List.of(new Section("preamble", "FINAL REPORT\n "), new Section("impression", "Clear.")),
                ReportSections.parse("FINAL REPORT\n IMPRESSION: Clear."));
    }

    /// A heading is a line break, exactly one blank, capitals, colon and one white space.
    @ParameterizedTest
    @ValueSource(strings = {"IMPRESSION: Clear.", " IMPRESSION: Clear.", "x\nIMPRESSION: Clear.",
        "x\n\tIMPRESSION: Clear.", "x\n IMPRESSION:Clear.", "x\n Impression: Clear.", "x\n IMPRESSION 2: Clear.",
        "x\n IMPRESSION. Clear.", "x\n : Clear."})
    void whatIsNoHeading(String report) {
        assertEquals(List.of("full report"), names(report));
        assertEquals(Optional.empty(), ReportSections.impression(report));
    }

    @Test
    void twoBlanksArePartOfTheName() {
        assertImpression("Clear.", "x\n  IMPRESSION: Clear."); // the second one is stripped off the name
    }

    @Test
    void theFirstLineOfASectionIsNoHeading() {
        // the white space after the colon is the line break, so the next heading is at the end of the first line
        assertEquals(List.of("preamble", "examination", "impression"),
                names("x\n EXAMINATION:\n CHEST RADIOGRAPH\n IMPRESSION: Clear."));
        String report = "x\n EXAMINATION:\n IMPRESSION: Not a heading.\n FINDINGS: Clear.";
        assertEquals(List.of("preamble", "examination", "findings"), names(report));
        assertEquals(" IMPRESSION: Not a heading.", ReportSections.parse(report).get(1).text());
        // without a further line break the search goes on at once, and finds nothing
        assertEquals(List.of("preamble", "impression"), names("x\n IMPRESSION: all on one line"));
    }

    @Test
    void headingsMayHaveBracketsSlashesCommasAndDashes() {
        assertEquals(List.of("preamble", "recommendations", "findings", "impression", "wet read"),
                names("x\n RECOMMENDATION(S): a\n CHEST, TWO VIEWS: b\n FINDINGS/IMPRESSION: c\n WET-READ: d"
                        .replace("WET-READ", "WETREAD")));
        assertEquals(List.of("preamble", "follow-up"), names("x\n FOLLOW-UP: a"));
    }

    @ParameterizedTest
    @CsvSource({
        "IMPRESSION,impression", "CONCLUSION,impression", "FINDINGS AND IMPRESSION,impression",
        "FINDINGS/IMPRESSION,impression", "FINDINGS/ IMPRESSION,impression", "NDICATION,impression",
        "IMPRESSON,impression", "IMPRRESSION,impression", "IMORESSION,impression", "IMPRESSOIN,impression",
        "IMPRSSION,impression", "IMPRESION,impression", "IMPERSSION,impression", "MPRESSION,impression",
        "IMPESSION,impression",
        "FINDINGS,findings", "'CHEST, TWO VIEWS',findings", "FINDING,findings", "FINDINS,findings",
        "FINDINDGS,findings", "FINDGINGS,findings", "FINDNGS,findings", "FINDNNINGS,findnnings",
        "FINDNINGS,findings", "FINIDNGS,findings", "REFERENCE FINDINGS,findings",
        "COMPARISON,comparison", "COMPARISONS,comparison", "REFERENCE EXAM,comparison", "COMPARISON EXAM,comparison",
        "COMPARISON FILM,comparison", "COMPARISION,comparison", "COMPARSION,comparison", "COMPARRISON,comparison",
        "COMPARISIONS,comparison",
        "INDICATION,indication", "REASON FOR EXAMINATION,indication", "REASON FOR EXAM,indication",
        "CLINICAL INDICATION,indication", "IDICATION,indication",
        "EXAMINATION,examination", "EXAM,examination", "TYPE OF EXAMINATION,examination",
        "HISTORY,history", "CLINICAL HISTORY,history", "CLINICAL INFORMATION,history", "PATIENT HISTORY,history",
        "PFI,history", "RECOMMENDATION(S),recommendations", "RECOMMENDATIONS,recommendations",
        "RECOMMENDATION,recommendations", "WET READ,wet read", "WETREAD,wet read",
        "PREAMBLE,preamble", "TECHNIQUE,technique", "NOTIFICATION,notification", "ADDENDUM,addendum", "DATE,date",
        "COMMENT,comment",
        // a word in it, the first of the list counts
        "FINAL IMPRESSION,impression", "IMPRESSIONS AND FINDINGS,impression", "FINDINGS OF COMPARISON,findings",
        "HISTORY AND COMPARISON,history", "COMPARISON TO ADDENDUM,comparison", "SECOND ADDENDUM,addendum",
        "CHEST FINDINGS AND HISTORY,findings", "CHEST COMPARISON,comparison",
        // a name of the examination
        "CHEST,findings", "PORTABLE AP,findings", "PA AND LATERAL,findings", "LATERAL AND PA,findings",
        "AP AND LATERAL,findings", "LATERAL AND AP,findings", "FRONTAL AND LATERAL,findings", "TWO VIEWS,findings",
        "FRONTAL VIEW,findings", "PA VIEW,findings", "AP VIEW,findings", "ONE VIEW,findings", "LATERAL VIEW,findings",
        "BONE WINDOW,findings", "FRONTAL UPRIGHT,findings", "FRONTAL SEMI-UPRIGHT,findings", "LEFT RIBS,findings",
        "PA AND LAT,findings",
        // everything else stays
        "ABDOMEN,abdomen", "THREE VIEWS,three views", "'  NOTE ',note"
    })
    void namesAreNormalised(String heading, String name) {
        assertEquals(name, SectionNames.normalise(heading));
    }

    @Test
    void emptyFindingsAndImpressionsAreNoSections() {
        assertEquals(List.of("preamble", "indication", "findings"),
                names("x\n CHEST PA LATERAL: \n \n INDICATION: Cough.\n IMPRESSION: \n\n FINDINGS: Clear."));
        assertEquals(Optional.empty(), ReportSections.impression("x\n FINDINGS: Clear.\n IMPRESSION: \n "));
    }

    @Test
    void otherSectionsMayBeEmpty() {
        assertEquals(List.of("preamble", "history", "impression"), names("x\n HISTORY: \n \n IMPRESSION: Clear."));
    }

    @Test
    void withoutFindingsTheLastParagraphIsCutOff() {
        assertEquals(List.of(new Section("preamble", "x\n "), new Section("indication", "Cough."),
                new Section("last_paragraph", " The lungs are clear.\n \n Second paragraph.")),
                ReportSections.parse("x\n INDICATION: Cough.\n \n The lungs are clear.\n \n Second paragraph."));
        assertEquals(List.of(new Section("full report", "No headings."), new Section("last_paragraph", " Clear.")),
                ReportSections.parse("No headings.\n \n Clear."));
        // an emptied impression leaves the section before it as the last one
        assertEquals(List.of("preamble", "history", "last_paragraph"),
                names("x\n HISTORY: Cough.\n \n Clear.\n IMPRESSION: \n "));
        assertEquals(List.of("preamble", "indication"), names("x\n INDICATION: Cough.\n\n Clear."));
        assertEquals(List.of("preamble", "findings"), names("x\n FINDINGS: Cough.\n \n Clear."));
    }

    @Test
    void otherLineEndsAreRead() {
        assertImpression("Clear lungs.", "x\r\n FINDINGS: a\r\n IMPRESSION: Clear\r\n lungs.\r\n");
        assertImpression("Clear.", "x\r IMPRESSION: Clear.");
    }

    @Test
    void emptyReports() {
        assertEquals(List.of("full report"), names(""));
        assertEquals(Optional.empty(), ReportSections.impression(""));
    }

    @Test
    void whatAReportHas() {
        assertEquals(new Impression(Impression.Kind.IMPRESSION, "Clear."), Impression.of(1, "\n IMPRESSION: Clear."));
        assertEquals(Impression.Kind.FINDINGS, Impression.of(1, "\n FINDINGS: Clear.").kind());
        assertEquals(Impression.Kind.LAST_PARAGRAPH, Impression.of(1, "\n HISTORY: Cough.\n \n Clear.").kind());
        assertEquals(Impression.Kind.OTHER, Impression.of(1, "\n HISTORY: Cough.").kind());
        assertEquals(new Impression(Impression.Kind.BY_HAND, ""),
                Impression.of(50058765, "\n IMPRESSION: Clear."), "has no impression in the official table");
        assertEquals(3, new Impression(Impression.Kind.IMPRESSION, "a\uD83E\uDEC1b").characters());
    }
}
