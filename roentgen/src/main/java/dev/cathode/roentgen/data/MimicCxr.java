package dev.cathode.roentgen.data;

import dev.cathode.engine.data.DataProblem;
import dev.cathode.engine.data.TableFile;
import dev.cathode.engine.data.TableRow;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/// The tables of MIMIC-CXR-JPG 2.0.0, or of anything in its layout. Pictures and reports are not opened.
///
/// @param root the folder with the tables, and `files` with the pictures
/// @param images in the order of the table of splits
/// @param chexpert labels by study
/// @param negbio the other labeler's; empty if its table is not there
public record MimicCxr(Path root, List<MimicImage> images, Map<Integer, Labels> chexpert,
                       Map<Integer, Labels> negbio) {
    private static final String TABLE = "mimic-cxr-2.0.0-";
    /// Ids become parts of paths.
    private static final Pattern DICOM_ID = Pattern.compile("[0-9A-Za-z][0-9A-Za-z._-]*");

    /// Reads the tables, each as `.csv.gz` or `.csv`.
    ///
    /// @param problems told of every row that cannot be used and is left out
    /// @throws IOException if a table is not there or cannot be read; the message names file and line
    public static MimicCxr open(Path root, Consumer<DataProblem> problems) throws IOException {
        if (!Files.isDirectory(root)) {
            throw new NoSuchFileException(root.toString());
        }
        Path metadata = required(root, "metadata");
        Map<String, String> views = views(metadata, problems);
        Map<Integer, Labels> chexpert = labels(required(root, "chexpert"), problems);
        Optional<Path> negbio = find(root, "negbio");
        return new MimicCxr(root, images(required(root, "split"), metadata, views, problems), chexpert,
                negbio.isPresent() ? labels(negbio.get(), problems) : Map.of());
    }

    /// Whether a folder has MIMIC-CXR-JPG's table of splits, and so claims to be it.
    public static boolean isRoot(Path folder) {
        return find(folder, "split").isPresent();
    }

    private static Path required(Path root, String table) throws IOException {
        return find(root, table).orElseThrow(() -> new IOException(
                root.resolve(TABLE + table + ".csv.gz") + ": no such file, nor the same without .gz; a folder with"
                        + " MIMIC-CXR-JPG has it beside 'files'"));
    }

    private static Optional<Path> find(Path root, String table) {
        return List.of(".csv.gz", ".csv").stream().map(end -> root.resolve(TABLE + table + end)).filter(Files::exists)
                .findFirst();
    }

    private static Map<String, String> views(Path file, Consumer<DataProblem> problems) throws IOException {
        Map<String, String> views = new LinkedHashMap<>();
        TableFile.read(file, List.of("dicom_id", "ViewPosition"), problems, row -> {
            if (views.putIfAbsent(row.get("dicom_id"), row.get("ViewPosition").strip().intern()) != null) {
                problems.accept(row.problem("a second row for " + row.get("dicom_id")));
            }
        });
        return views;
    }

    private static Map<Integer, Labels> labels(Path file, Consumer<DataProblem> problems) throws IOException {
        Map<Integer, Labels> labels = new HashMap<>();
        List<String> columns = new ArrayList<>(List.of("subject_id", "study_id"));
        columns.addAll(Labels.TITLES);
        TableFile.read(file, columns, problems, row -> {
            try {
                if (labels.putIfAbsent(id(row, "study_id"), Labels.parse(row)) != null) {
                    problems.accept(row.problem("a second row for study " + row.get("study_id")));
                }
            } catch (IllegalArgumentException e) {
                problems.accept(row.problem(e.getMessage()));
            }
        });
        return labels;
    }

    private static List<MimicImage> images(Path file, Path metadata, Map<String, String> views,
            Consumer<DataProblem> problems) throws IOException {
        List<MimicImage> images = new ArrayList<>();
        Set<String> seen = new HashSet<>();
        TableFile.read(file, List.of("dicom_id", "study_id", "subject_id", "split"), problems, row -> {
            try {
                MimicImage image = image(row, views, metadata);
                if (seen.add(image.dicomId())) {
                    images.add(image);
                } else {
                    problems.accept(row.problem("a second row for " + image.dicomId()));
                }
            } catch (IllegalArgumentException e) {
                problems.accept(row.problem(e.getMessage()));
            }
        });
        views.keySet().stream().filter(id -> !seen.contains(id)).forEach(id -> problems.accept(
                DataProblem.of(metadata, id + " has no usable row in " + file.getFileName())));
        return List.copyOf(images);
    }

    private static MimicImage image(TableRow row, Map<String, String> views, Path metadata) {
        String dicomId = row.get("dicom_id");
        if (!DICOM_ID.matcher(dicomId).matches()) {
            throw new IllegalArgumentException("dicom_id '" + dicomId + "' cannot be the name of a file");
        }
        String view = views.get(dicomId);
        if (view == null) {
            throw new IllegalArgumentException(dicomId + " is not in " + metadata.getFileName());
        }
        return new MimicImage(dicomId, id(row, "study_id"), id(row, "subject_id"), split(row.get("split")), view);
    }

    private static Split split(String name) {
        return switch (name) {
            case "train" -> Split.TRAIN;
            case "validate" -> Split.VALIDATE;
            case "test" -> Split.TEST;
            default -> throw new IllegalArgumentException("split '" + name + "' is none of train, validate, test");
        };
    }

    /// The number of a study or subject.
    static int id(TableRow row, String column) {
        String text = row.get(column);
        try {
            int id = Integer.parseInt(text);
            if (id >= 10) { // the first two digits name a folder
                return id;
            }
        } catch (NumberFormatException e) {
            // said below
        }
        throw new IllegalArgumentException(column + " '" + text + "' is no number of a study or subject");
    }

    /// The studies, in the order of their first pictures, with all their pictures.
    public Map<Integer, List<MimicImage>> studies() {
        Map<Integer, List<MimicImage>> studies = new LinkedHashMap<>();
        for (MimicImage image : images) {
            studies.computeIfAbsent(image.studyId(), id -> new ArrayList<>(2)).add(image);
        }
        return studies;
    }

    /// Where a picture is.
    public Path path(MimicImage image) {
        return MimicPaths.image(root, image);
    }

    @Override
    public String toString() {
        return String.format(Locale.ROOT, "MimicCxr[%s, %,d images]", root, images.size());
    }
}
