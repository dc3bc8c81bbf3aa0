package dev.cathode.roentgen.phantom.draw;

/// The lead letter that says which side of the patient the picture's right is.
final class Marker {
    private Marker() { }

    /// An "L" near the picture's upper right corner: the patient's left.
    static void draw(Film film, float[] metal) {
        double y = film.y(0) + 0.10 * film.height * film.pixel;
        double x = film.firstX(y) + 0.925 * film.width * film.pixel;
        film.wire(metal, new double[][] {{x, y - 0.9}, {x, y + 0.9}, {x + 0.95, y + 0.9}}, 0.17, 60);
    }
}
