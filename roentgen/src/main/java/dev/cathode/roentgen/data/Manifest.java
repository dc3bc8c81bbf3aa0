package dev.cathode.roentgen.data;

import dev.cathode.engine.data.DataProblem;
import dev.cathode.engine.data.TableFile;
import dev.cathode.engine.data.TableRow;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.Consumer;
import java.util.stream.Stream;

/// A set as one table: `.csv` or `.jsonl`, either also `.gz`. Columns: `dicom_id, study_id, subject_id, view,
/// image_path, impression, clip_tokens` and the fourteen labels as CheXpert writes them. Pictures below the manifest's
/// folder are named relative to it, so such a folder may move; others by their whole path.
public final class Manifest {
    private static final List<String> ABOUT =
            List.of("dicom_id", "study_id", "subject_id", "view", "image_path", "impression");
    private static final String TOKENS = "clip_tokens";
    private static final List<String> COLUMNS =
            Stream.of(ABOUT.stream(), Stream.of(TOKENS), Labels.TITLES.stream()).flatMap(names -> names).toList();

    private Manifest() { }

    /// Writes a manifest under a temporary name and moves it into place.
    ///
    /// @throws IOException if it cannot be written
    public static void write(Path file, List<MimicSample> samples) throws IOException {
        Path folder = file.toAbsolutePath().normalize().getParent();
        TableFile.write(file, COLUMNS, samples.stream().map(sample -> row(folder, sample)).toList());
    }

    private static List<Object> row(Path folder, MimicSample sample) {
        List<Object> row = new ArrayList<>(COLUMNS.size());
        Path path = sample.imagePath().toAbsolutePath().normalize();
        String named = path.startsWith(folder) ? folder.relativize(path).toString().replace('\\', '/')
                : path.toString();
        row.addAll(List.of(sample.dicomId(), sample.studyId(), sample.subjectId(), sample.view(), named,
                sample.impression()));
        row.add(sample.clipTokens().isPresent() ? sample.clipTokens().getAsInt() : null);
        row.addAll(sample.labels().cells());
        return row;
    }

    /// Reads a manifest.
    ///
    /// @param problems told of each row that cannot be used or whose picture is not there
    /// @throws IOException if the file cannot be read, lacks a column, or no row is left; the message names file
    ///         and line
    public static MimicDataset read(Path file, Consumer<DataProblem> problems) throws IOException {
        List<MimicSample> samples = new ArrayList<>();
        TableFile.read(file, ABOUT, problems, row -> {
            try {
                MimicSample sample = sample(row);
                if (Files.isRegularFile(sample.imagePath())) {
                    samples.add(sample);
                } else {
                    problems.accept(row.problem("no such file: " + sample.imagePath()));
                }
            } catch (InvalidPathException e) {
                problems.accept(row.problem("image_path cannot name a file: " + e.getMessage()));
            } catch (IllegalArgumentException e) {
                problems.accept(row.problem(e.getMessage()));
            }
        });
        if (samples.isEmpty()) {
            throw new IOException(file + ": no row that can be used");
        }
        return new MimicDataset(file.toString(), samples);
    }

    private static MimicSample sample(TableRow row) {
        return new MimicSample(row.get("dicom_id"), MimicCxr.id(row, "study_id"), MimicCxr.id(row, "subject_id"),
                row.get("view"), row.file().toAbsolutePath().normalize().resolveSibling(row.get("image_path")),
                row.get("impression"), tokens(row.find(TOKENS).orElse("")), Labels.parse(row));
    }

    private static OptionalInt tokens(String cell) {
        try {
            return cell.isEmpty() ? OptionalInt.empty() : OptionalInt.of(Integer.parseInt(cell));
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(TOKENS + " '" + cell + "' is no number", e);
        }
    }
}
