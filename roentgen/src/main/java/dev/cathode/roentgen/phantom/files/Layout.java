package dev.cathode.roentgen.phantom.files;

import dev.cathode.roentgen.phantom.Phantom;
import dev.cathode.roentgen.phantom.Radiograph;
import java.nio.file.Path;

/// Where MIMIC-CXR-JPG keeps things.
///
/// @param root the set's folder
record Layout(Path root) {
    private static final String VERSION = "mimic-cxr-2.0.0-";

    /// `files/p10/p10000032/s50414267.txt`.
    Path report(Phantom phantom) {
        return patient(phantom).resolve("s" + phantom.studyId() + ".txt");
    }

    /// `files/p10/p10000032/s50414267/02aa804e-….jpg`.
    Path film(Phantom phantom, Radiograph radiograph) {
        return patient(phantom).resolve("s" + phantom.studyId()).resolve(radiograph.dicomId() + ".jpg");
    }

    /// `mimic-cxr-2.0.0-split.csv.gz`.
    Path table(String name) {
        return root.resolve(VERSION + name + ".csv.gz");
    }

    private Path patient(Phantom phantom) {
        String subject = "p" + phantom.subjectId();
        return root.resolve("files").resolve(subject.substring(0, 3)).resolve(subject);
    }
}
