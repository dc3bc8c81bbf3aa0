package dev.cathode.roentgen.phantom;

/// From where a film is taken. The names are DICOM's `ViewPosition`.
public enum View {
    /// Through the back onto the film before the chest: the standing patient's film.
    PA("postero-anterior"),
    /// Through the chest onto the film behind the back: the lying patient's film. The heart looks larger.
    AP("antero-posterior"),
    /// From the side; the patient looks to the left of the picture.
    LATERAL("lateral");

    private final String meaning;

    View(String meaning) {
        this.meaning = meaning;
    }

    /// DICOM's words for it.
    public String meaning() {
        return meaning;
    }

    /// Whether the picture shows the patient's right at its left.
    public boolean frontal() {
        return this != LATERAL;
    }
}
