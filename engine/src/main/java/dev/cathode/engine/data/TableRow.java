package dev.cathode.engine.data;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/// A row of a table file.
///
/// @param line where it ends in the file, from 1
/// @param fields text by column; a column that the row lacks is not in it
public record TableRow(Path file, long line, Map<String, String> fields) {
    /// A field that every row has, see [TableFile#read].
    ///
    /// @throws IllegalArgumentException if it is not there
    public String get(String column) {
        return find(column).orElseThrow(() -> new IllegalArgumentException(problem("no '" + column + "'").toString()));
    }

    /// A field, if the row has it.
    public Optional<String> find(String column) {
        return Optional.ofNullable(fields.get(column));
    }

    /// What is wrong with this row.
    public DataProblem problem(String what) {
        return new DataProblem(file, line, what);
    }
}
