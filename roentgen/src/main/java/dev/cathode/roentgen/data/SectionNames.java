package dev.cathode.roentgen.data;

import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

/// What the headings in reports mean. The names, misspelt ones included, are those that MIT-LCP/mimic-cxr (MIT License,
/// Copyright (c) 2019 MIT Laboratory for Computational Physiology) lists in `txt/section_parser.py`.
final class SectionNames {
    static final String IMPRESSION = "impression";
    static final String FINDINGS = "findings";

    /// A heading that contains one of these, asked in this order, means it.
    private static final List<String> MAIN = List.of(IMPRESSION, FINDINGS, "history", "comparison", "addendum");
    /// Headings that describe the picture as a whole stand before findings.
    private static final Pattern EXAMINATION = Pattern.compile("chest|portable|pa and lateral|lateral and pa"
            + "|ap and lateral|lateral and ap|frontal and|two views|frontal view|pa view|ap view|one view|lateral view"
            + "|bone window|frontal upright|frontal semi-upright|ribs|pa and lat");
    private static final Map<String, String> EXACT = exact();

    private SectionNames() { }

    private static Map<String, String> exact() {
        Map<String, String> map = new HashMap<>();
        add(map, IMPRESSION, "impression", "conclusion", "findings and impression", "findings/impression",
                "findings/ impression", "ndication", "impresson", "imprression", "imoression", "impressoin",
                "imprssion", "impresion", "imperssion", "mpression", "impession");
        add(map, FINDINGS, "findings", "chest, two views", "finding", "findins", "findindgs", "findgings", "findngs",
                "findnings", "finidngs", "reference findings");
        add(map, "comparison", "comparison", "comparisons", "reference exam", "comparison exam", "comparison film",
                "comparision", "comparsion", "comparrison", "comparisions");
        add(map, "indication", "indication", "reason for examination", "reason for exam", "clinical indication",
                "idication");
        add(map, "examination", "examination", "exam", "type of examination");
        add(map, "history", "history", "clinical history", "clinical information", "patient history", "pfi");
        add(map, "recommendations", "recommendation(s)", "recommendations", "recommendation");
        add(map, "wet read", "wet read", "wetread");
        for (String same : List.of("preamble", "technique", "notification", "addendum", "date", "comment")) {
            add(map, same, same);
        }
        return Map.copyOf(map);
    }

    private static void add(Map<String, String> map, String meaning, String... names) {
        for (String name : names) {
            map.put(name, meaning);
        }
    }

    /// The meaning of a heading; the heading itself, in lower case, if it has none.
    static String normalise(String heading) {
        String name = heading.toLowerCase(Locale.ROOT).strip();
        String exact = EXACT.get(name);
        if (exact != null) {
            return exact;
        }
        return MAIN.stream().filter(name::contains).findFirst()
                .orElseGet(() -> EXAMINATION.matcher(name).find() ? FINDINGS : name);
    }
}
