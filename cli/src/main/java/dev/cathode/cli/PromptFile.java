package dev.cathode.cli;

import java.io.IOException;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.apache.commons.csv.CSVException;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVParser;
import org.apache.commons.csv.CSVRecord;
import org.apache.commons.csv.DuplicateHeaderMode;

/// A file of prompts: one on each line, or a CSV table with a header.
final class PromptFile {
    private static final String PROMPT = "prompt";
    private static final Set<String> COLUMNS =
            Set.of(PROMPT, "negative", "seed", "steps", "guidance", "width", "height", "out");
    private static final String MARK = "\uFEFF"; // some editors put it before the text

    private PromptFile() { }

    /// A prompt and what its row says beside it; the rest comes from the command's options.
    record Row(String prompt, Optional<String> negative, Optional<Long> seed, Optional<Integer> steps,
               Optional<Double> guidance, Optional<Integer> width, Optional<Integer> height, Optional<String> out) {
        /// A prompt alone.
        static Row of(String prompt) {
            return new Row(prompt, Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(),
                    Optional.empty(), Optional.empty(), Optional.empty());
        }
    }

    /// Reads a file; one whose name ends with `.csv` is a table.
    ///
    /// @throws IOException if it cannot be read, is not UTF-8, or a line is wrong; the message names file and line
    static List<Row> read(Path file) throws IOException {
        String text;
        try {
            text = Files.readString(file);
        } catch (CharacterCodingException e) {
            throw new IOException(file + ": not UTF-8 text", e);
        }
        if (text.startsWith(MARK)) {
            text = text.substring(1);
        }
        List<Row> rows = file.toString().toLowerCase(Locale.ROOT).endsWith(".csv") ? table(file, text)
                : text.lines().map(String::strip).filter(line -> !line.isEmpty()).map(Row::of).toList();
        if (rows.isEmpty()) {
            throw new IOException(file + ": no prompts in it");
        }
        return rows;
    }

    private static List<Row> table(Path file, String text) throws IOException {
        CSVFormat format = CSVFormat.RFC4180.builder().setHeader().setSkipHeaderRecord(true)
                .setDuplicateHeaderMode(DuplicateHeaderMode.DISALLOW)
                .setIgnoreEmptyLines(true).setTrim(true).get();
        List<Row> rows = new ArrayList<>();
        try (CSVParser parser = CSVParser.parse(new StringReader(text), format)) {
            List<String> header = parser.getHeaderNames();
            for (String column : header) {
                if (!COLUMNS.contains(column)) {
                    throw new IOException(file + ": unknown column '" + column
                            + "'; there are prompt, negative, seed, steps, guidance, width, height, out");
                }
            }
            if (!header.contains(PROMPT)) {
                throw new IOException(file + ": the first line must name the columns, with one called 'prompt'");
            }
            for (CSVRecord row : parser) {
                rows.add(row(file, parser.getCurrentLineNumber(), row));
            }
        } catch (CSVException | UncheckedIOException | IllegalArgumentException e) {
            throw new IOException(file + ": " + e.getMessage(), e);
        }
        return rows;
    }

    private static Row row(Path file, long line, CSVRecord row) throws IOException {
        String where = file + " line " + line + ": ";
        if (!row.isConsistent()) {
            throw new IOException(where + row.size() + " fields, but the header has "
                    + row.getParser().getHeaderNames().size());
        }
        return new Row(field(where, row, PROMPT, text -> text).orElse(""), field(where, row, "negative", text -> text),
                field(where, row, "seed", Long::valueOf), field(where, row, "steps", Integer::valueOf),
                field(where, row, "guidance", Double::valueOf), field(where, row, "width", Integer::valueOf),
                field(where, row, "height", Integer::valueOf), field(where, row, "out", text -> text));
    }

    /// A field; empty if the column is not there or nothing stands in it.
    private static <T> Optional<T> field(String where, CSVRecord row, String name, Function<String, T> type)
            throws IOException {
        if (!row.isMapped(name) || row.get(name).isEmpty()) {
            return Optional.empty();
        }
        try {
            return Optional.of(type.apply(row.get(name)));
        } catch (NumberFormatException e) {
            throw new IOException(where + name + ": '" + row.get(name) + "' is no number of the right kind", e);
        }
    }
}
