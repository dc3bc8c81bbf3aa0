package dev.cathode.roentgen.data;

import java.nio.file.Path;

/// Where things are in MIMIC-CXR: `files/p10/p10000032/s50414267/….jpg` and `files/p10/p10000032/s50414267.txt`.
final class MimicPaths {
    private MimicPaths() { }

    /// The folder that a subject is in, one of ten: `p` and the first two digits of the number.
    static String folder(int subjectId) {
        return "p" + Integer.toString(subjectId).substring(0, 2);
    }

    private static String study(int subjectId, int studyId) {
        return "files/" + folder(subjectId) + "/p" + subjectId + "/s" + studyId;
    }

    static Path image(Path root, MimicImage image) {
        return root.resolve(study(image.subjectId(), image.studyId())).resolve(image.dicomId() + ".jpg");
    }

    /// With slashes, as in a zip file.
    static String report(int subjectId, int studyId) {
        return study(subjectId, studyId) + ".txt";
    }
}
