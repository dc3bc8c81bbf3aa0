package dev.cathode.roentgen.data;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Cuts a radiologist's report into sections, as `txt/section_parser.py` of MIT-LCP/mimic-cxr does: the official way
/// to the impressions of MIMIC-CXR, with its habits.
public final class ReportSections {
    /// A line that begins with one blank and capitals up to a colon.
    private static final Pattern HEADING =
            Pattern.compile("\n ([A-Z ()/,-]+):\\s", Pattern.UNICODE_CHARACTER_CLASS);
    private static final Pattern SPACE = Pattern.compile("\\s+", Pattern.UNICODE_CHARACTER_CLASS);
    private static final String PARAGRAPH = "\n \n";

    private ReportSections() { }

    /// A part of a report.
    ///
    /// @param name what its heading means, in lower case: `impression`, `findings`, `indication` …; `preamble` for
    ///         what comes before the first heading, `full report` if there is none, `last_paragraph` for what may be
    ///         the findings in a report that does not call anything so
    /// @param text as it stands there
    public record Section(String name, String text) { }

    /// The sections of a report, in order. Findings and impressions without a word are not among them.
    public static List<Section> parse(String report) {
        String text = report.replace("\r\n", "\n").replace('\r', '\n');
        List<Section> sections = cut(text);
        sections.removeIf(section -> saysSomething(section.name()) && section.text().isBlank());
        Section last = sections.getLast();
        int end = last.text().indexOf(PARAGRAPH);
        if (end >= 0 && sections.stream().noneMatch(section -> saysSomething(section.name()))) {
            sections.set(sections.size() - 1, new Section(last.name(), last.text().substring(0, end)));
            sections.add(new Section("last_paragraph", last.text().substring(end + PARAGRAPH.length())));
        }
        return sections;
    }

    private static boolean saysSomething(String name) {
        return name.equals(SectionNames.IMPRESSION) || name.equals(SectionNames.FINDINGS);
    }

    private static List<Section> cut(String text) {
        List<Section> sections = new ArrayList<>();
        Matcher heading = HEADING.matcher(text);
        boolean more = heading.find();
        if (!more) {
            sections.add(new Section("full report", text));
            return sections;
        }
        sections.add(new Section("preamble", text.substring(0, heading.start(1))));
        while (more) {
            String name = SectionNames.normalise(heading.group(1));
            int begin = heading.end();
            int secondLine = text.indexOf('\n', begin); // the first line of a section is never a heading
            more = heading.find(secondLine < 0 ? begin : secondLine);
            sections.add(new Section(name, text.substring(begin, more ? heading.start() : text.length())));
        }
        return sections;
    }

    /// The text of the last section of that name on one line, every white space one blank; empty if there is none.
    public static Optional<String> last(List<Section> sections, String name) {
        return sections.stream().filter(section -> section.name().equals(name)).reduce((first, second) -> second)
                .map(section -> SPACE.matcher(section.text()).replaceAll(" ").strip());
    }

    /// The impression of a report on one line; empty if it has none.
    public static Optional<String> impression(String report) {
        return last(parse(report), SectionNames.IMPRESSION);
    }
}
