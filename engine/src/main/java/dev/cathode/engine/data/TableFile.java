package dev.cathode.engine.data;

import dev.cathode.weights.file.Json;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipException;
import org.apache.commons.csv.CSVException;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVParser;
import org.apache.commons.csv.CSVRecord;
import org.apache.commons.csv.DuplicateHeaderMode;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// Tables as files of UTF-8 text, by the end of their names: `.csv` (RFC 4180, the first row names the columns) or
/// `.jsonl` (an object on each line), either of them also compressed (`.gz`).
///
/// In JSON a field may be a text, a number or a truth value and is handed on as text; null is as good as absent.
public final class TableFile {
    private static final char MARK = '\uFEFF'; // some editors put it before the text
    private static final JsonMapper JSON =
            JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

    private TableFile() { }

    /// Hands on the rows of a table, one by one, in order.
    ///
    /// @param columns what every row must have; a row that lacks one is a problem and is left out, as is a row with
    ///         too few or too many fields and a line that is no JSON
    /// @throws IOException if the file cannot be read, is not UTF-8, breaks off inside a quoted field, or is a CSV file
    ///         without one of the columns; the message names file and line
    public static void read(Path file, List<String> columns, Consumer<DataProblem> problems, Consumer<TableRow> rows)
            throws IOException {
        String name = plainName(file);
        try (InputStream bytes = Files.newInputStream(file);
                InputStream in = isCompressed(file) ? new GZIPInputStream(bytes, 1 << 16) : bytes;
                BufferedReader text = new BufferedReader(
                        new InputStreamReader(in, StandardCharsets.UTF_8.newDecoder()))) {
            text.mark(1);
            if (text.read() != MARK) {
                text.reset();
            }
            if (name.endsWith(".jsonl")) {
                readJson(file, text, columns, problems, rows);
            } else {
                readCsv(file, text, columns, problems, rows);
            }
        } catch (CharacterCodingException e) {
            throw new IOException(file + ": not UTF-8 text", e);
        } catch (EOFException | ZipException e) {
            throw new IOException(file + ": the compressed file is broken or cut off: " + e.getMessage(), e);
        }
    }

    /// Whether a file's name is a table's.
    public static boolean isTable(Path file) {
        String name = plainName(file);
        return name.endsWith(".csv") || name.endsWith(".jsonl");
    }

    private static boolean isCompressed(Path file) {
        return file.toString().toLowerCase(Locale.ROOT).endsWith(".gz");
    }

    private static String plainName(Path file) {
        String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
        return name.endsWith(".gz") ? name.substring(0, name.length() - 3) : name;
    }

    private static void readCsv(Path file, BufferedReader text, List<String> columns, Consumer<DataProblem> problems,
            Consumer<TableRow> rows) throws IOException {
        CSVFormat format = CSVFormat.RFC4180.builder().setHeader().setSkipHeaderRecord(true)
                .setDuplicateHeaderMode(DuplicateHeaderMode.DISALLOW).setIgnoreEmptyLines(true).get();
        try (CSVParser parser = parser(file, text, format)) {
            List<String> header = parser.getHeaderNames();
            for (String column : columns) {
                if (!header.contains(column)) {
                    throw new IOException(file + ": no column '" + column + "'; the first line has to name the columns,"
                            + " and names " + String.join(", ", header));
                }
            }
            for (CSVRecord row : (Iterable<CSVRecord>) parser::iterator) {
                long line = parser.getCurrentLineNumber();
                if (row.isConsistent()) {
                    rows.accept(new TableRow(file, line, row.toMap()));
                } else {
                    problems.accept(new DataProblem(file, line,
                            row.size() + " fields, but the header has " + header.size()));
                }
            }
        } catch (CSVException e) {
            throw new IOException(file + ": " + e.getMessage(), e);
        } catch (UncheckedIOException e) { // the iterator's
            throw e.getCause() instanceof CSVException ? new IOException(file + ": " + e.getCause().getMessage(), e)
                    : e.getCause();
        }
    }

    private static CSVParser parser(Path file, BufferedReader text, CSVFormat format) throws IOException {
        try {
            return CSVParser.builder().setReader(text).setFormat(format).get();
        } catch (IllegalArgumentException e) { // a header with a name twice or without one
            throw new IOException(file + ": " + e.getMessage(), e);
        }
    }

    private static void readJson(Path file, BufferedReader text, List<String> columns, Consumer<DataProblem> problems,
            Consumer<TableRow> rows) throws IOException {
        long number = 0;
        for (String line = text.readLine(); line != null; line = text.readLine()) {
            number++;
            if (line.isBlank()) {
                continue;
            }
            try {
                JsonNode object = JSON.readTree(line);
                TableRow row = new TableRow(file, number, fields(object));
                String lacking = object.isObject() ? columns.stream().filter(c -> row.find(c).isEmpty()).findFirst()
                        .map(column -> "no '" + column + "'").orElse(null) : "not a JSON object";
                if (lacking == null) {
                    rows.accept(row);
                } else {
                    problems.accept(row.problem(lacking));
                }
            } catch (JacksonException e) {
                problems.accept(new DataProblem(file, number, "not JSON: " + Json.reason(e)));
            }
        }
    }

    private static Map<String, String> fields(JsonNode object) {
        Map<String, String> fields = new LinkedHashMap<>();
        object.properties().forEach(entry -> {
            JsonNode value = entry.getValue();
            if (value.isValueNode() && !value.isNull()) {
                fields.put(entry.getKey(), value.asString());
            }
        });
        return fields;
    }

    /// Writes a table under a temporary name in the same folder and moves it into place.
    ///
    /// @param rows a text or a number for each column; null for a field that is empty in CSV and absent in JSON
    /// @throws IOException if the file cannot be written
    public static void write(Path file, List<String> columns, Iterable<? extends List<?>> rows) throws IOException {
        Path temporary = file.resolveSibling("." + file.getFileName() + ".part");
        try {
            try (OutputStream bytes = Files.newOutputStream(temporary);
                    OutputStream out = isCompressed(file) ? new GZIPOutputStream(bytes) : bytes;
                    Writer text = new BufferedWriter(new OutputStreamWriter(out, StandardCharsets.UTF_8))) {
                if (plainName(file).endsWith(".jsonl")) {
                    writeJson(text, columns, rows);
                } else {
                    writeCsv(text, columns, rows);
                }
            }
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(temporary);
        }
    }

    private static void writeCsv(Writer out, List<String> columns, Iterable<? extends List<?>> rows)
            throws IOException {
        CSVFormat format = CSVFormat.RFC4180.builder().setRecordSeparator('\n').get();
        format.printRecord(out, columns.toArray());
        for (List<?> row : rows) {
            format.printRecord(out, row.toArray());
        }
    }

    private static void writeJson(Writer out, List<String> columns, Iterable<? extends List<?>> rows)
            throws IOException {
        for (List<?> row : rows) {
            ObjectNode object = JSON.createObjectNode();
            for (int i = 0; i < columns.size(); i++) {
                if (row.get(i) != null) {
                    object.set(columns.get(i), JSON.valueToTree(row.get(i)));
                }
            }
            out.write(JSON.writeValueAsString(object));
            out.write('\n');
        }
    }
}
