package dev.cathode.roentgen.data;

import dev.cathode.engine.image.ImageFiles;
import dev.cathode.engine.image.ImageFormat;
import dev.cathode.engine.image.RgbImage;
import dev.cathode.engine.data.TableFile;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/// A tiny set in MIMIC-CXR-JPG's layout.
final class MiniMimic {
    private final Path root;
    private final List<List<?>> splits = new ArrayList<>();
    private final List<List<?>> metadata = new ArrayList<>();
    private final List<List<?>> labels = new ArrayList<>();
    private final Map<String, String> reports = new LinkedHashMap<>();

    MiniMimic(Path root) {
        this.root = root;
    }

    /// A study with a report that has this impression, a label for each name and its value, and a picture of each view.
    MiniMimic study(int subject, int study, String split, String impression, Map<Label, String> values,
            String... views) throws IOException {
        report(subject, study, "FINAL REPORT\n INDICATION: Cough.\n \n IMPRESSION:  " + impression + "\n");
        labels(subject, study, values);
        for (int i = 0; i < views.length; i++) {
            image(subject, study, split, study + "-" + i, views[i]);
        }
        return this;
    }

    MiniMimic report(int subject, int study, String text) {
        reports.put(MimicPaths.report(subject, study), text);
        return this;
    }

    MiniMimic labels(int subject, int study, Map<Label, String> values) {
        List<Object> row = new ArrayList<>(List.of(subject, study));
        Arrays.stream(Label.values()).map(values::get).forEach(row::add);
        labels.add(row);
        return this;
    }

    MiniMimic image(int subject, int study, String split, String dicom, String view) throws IOException {
        splits.add(List.of(dicom, study, subject, split));
        metadata.add(List.of(dicom, subject, study, "CHEST (PA, LAT)", view));
        Path file = root.resolve("files/p" + Integer.toString(subject).substring(0, 2) + "/p" + subject + "/s" + study
                + "/" + dicom + ".jpg");
        Files.createDirectories(file.getParent());
        byte[] pixels = new byte[6 * 8 * 3];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (byte) (study + 5 * (i / 3));
        }
        ImageFiles.write(file, new RgbImage(6, 8, pixels), ImageFormat.JPEG, 95, Map.of());
        return this;
    }

    /// Writes the tables, compressed or not, and the reports as files.
    MimicCxr write(boolean compressed) throws IOException {
        writeTables(compressed);
        for (Map.Entry<String, String> report : reports.entrySet()) {
            Path file = root.resolve(report.getKey());
            Files.createDirectories(file.getParent());
            Files.writeString(file, report.getValue());
        }
        return MimicCxr.open(root, problem -> {
            throw new AssertionError(problem);
        });
    }

    void writeTables(boolean compressed) throws IOException {
        table("split", compressed, List.of("dicom_id", "study_id", "subject_id", "split"), splits);
        table("metadata", compressed, List.of("dicom_id", "subject_id", "study_id",
                "PerformedProcedureStepDescription", "ViewPosition"), metadata);
        List<String> columns = new ArrayList<>(List.of("subject_id", "study_id"));
        columns.addAll(Labels.TITLES);
        table("chexpert", compressed, columns, labels);
        List<List<?>> backwards = new ArrayList<>(labels);
        Collections.reverse(backwards);
        table("negbio", compressed, columns, backwards);
    }

    private void table(String name, boolean compressed, List<String> columns, List<List<?>> rows) throws IOException {
        TableFile.write(root.resolve("mimic-cxr-2.0.0-" + name + (compressed ? ".csv.gz" : ".csv")), columns, rows);
    }

    /// The reports in a zip file, as they are distributed.
    Path zip(Path file) throws IOException {
        try (OutputStream bytes = Files.newOutputStream(file); ZipOutputStream out = new ZipOutputStream(bytes)) {
            for (Map.Entry<String, String> report : reports.entrySet()) {
                out.putNextEntry(new ZipEntry(report.getKey()));
                out.write(report.getValue().getBytes(StandardCharsets.UTF_8));
            }
        }
        return file;
    }
}
