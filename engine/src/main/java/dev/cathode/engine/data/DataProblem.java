package dev.cathode.engine.data;

import java.nio.file.Path;

/// Something in the data that was left out, and why.
///
/// @param file the file that is wrong, or that names what is wrong
/// @param line the line in it, from 1; 0 if the file as a whole is meant
/// @param what what is wrong, without the name of the file
public record DataProblem(Path file, long line, String what) {
    /// A problem with a whole file.
    public static DataProblem of(Path file, String what) {
        return new DataProblem(file, 0, what);
    }

    /// One line for people: "metadata.csv line 3: 2 fields, but the header has 3".
    @Override
    public String toString() {
        return file + (line > 0 ? " line " + line : "") + ": " + what;
    }
}
