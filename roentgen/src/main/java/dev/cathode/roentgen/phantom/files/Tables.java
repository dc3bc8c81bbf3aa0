package dev.cathode.roentgen.phantom.files;

import dev.cathode.engine.data.TableFile;
import dev.cathode.roentgen.data.Label;
import dev.cathode.roentgen.data.Labels;
import dev.cathode.roentgen.phantom.Phantom;
import dev.cathode.roentgen.phantom.Radiograph;
import dev.cathode.roentgen.phantom.View;
import java.io.IOException;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/// The tables of MIMIC-CXR-JPG: all columns, rows by patient and study.
final class Tables {
    private static final List<String> SPLIT = List.of("dicom_id", "study_id", "subject_id", "split");
    private static final List<String> METADATA = List.of("dicom_id", "subject_id", "study_id",
            "PerformedProcedureStepDescription", "ViewPosition", "Rows", "Columns", "StudyDate", "StudyTime",
            "ProcedureCodeSequence_CodeMeaning", "ViewCodeSequence_CodeMeaning",
            "PatientOrientationCodeSequence_CodeMeaning");

    private Tables() { }

    /// Writes all four.
    static void write(Layout layout, List<Phantom> phantoms, int size) throws IOException {
        List<Phantom> sorted = new ArrayList<>(phantoms);
        sorted.sort(Comparator.comparingInt(Phantom::subjectId).thenComparingInt(Phantom::studyId));
        TableFile.write(layout.table("split"), SPLIT, films(sorted, Tables::split));
        TableFile.write(layout.table("metadata"), METADATA,
                films(sorted, (phantom, film) -> metadata(phantom, film, size)));
        List<String> labels = new ArrayList<>(List.of("subject_id", "study_id"));
        Arrays.stream(Label.values()).map(Label::title).forEach(labels::add);
        List<List<Object>> rows = sorted.stream().map(Tables::labels).toList();
        TableFile.write(layout.table("chexpert"), labels, rows);
        TableFile.write(layout.table("negbio"), labels, rows);
    }

    private interface Row {
        List<Object> of(Phantom phantom, Radiograph radiograph);
    }

    private static List<List<Object>> films(List<Phantom> phantoms, Row row) {
        List<List<Object>> rows = new ArrayList<>();
        for (Phantom phantom : phantoms) {
            phantom.radiographs().forEach(film -> rows.add(row.of(phantom, film)));
        }
        return rows;
    }

    private static List<Object> split(Phantom phantom, Radiograph film) {
        return List.of(film.dicomId(), phantom.studyId(), phantom.subjectId(),
                phantom.split().name().toLowerCase(Locale.ROOT));
    }

    private static List<Object> metadata(Phantom phantom, Radiograph film, int size) {
        List<View> views = phantom.radiographs().stream().map(Radiograph::view).toList();
        String procedure = views.contains(View.PA) && views.contains(View.LATERAL) ? "CHEST (PA AND LAT)"
                : film.view() == View.AP ? "CHEST (PORTABLE AP)" : "CHEST (SINGLE VIEW)";
        return List.of(film.dicomId(), phantom.subjectId(), phantom.studyId(), procedure, film.view().name(),
                film.height(size), film.width(size),
                phantom.date().format(DateTimeFormatter.BASIC_ISO_DATE),
                phantom.time().format(DateTimeFormatter.ofPattern("HHmmss.SSS")),
                procedure, film.view().meaning(), film.view() == View.AP ? "Recumbent" : "Erect");
    }

    private static List<Object> labels(Phantom phantom) {
        List<Object> row = new ArrayList<>(List.of(phantom.subjectId(), phantom.studyId()));
        for (Label label : Label.values()) {
            int value = phantom.labels().get(label);
            row.add(value == Labels.NOT_MENTIONED ? null : value + ".0");
        }
        return row;
    }
}
