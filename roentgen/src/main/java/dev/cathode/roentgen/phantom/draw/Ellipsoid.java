package dev.cathode.roentgen.phantom.draw;

/// An ellipsoid: its outline on the film and how deep it is in the middle.
final class Ellipsoid {
    private final double x;
    private final double y;
    private final double alongX;
    private final double alongY;
    private final double acrossX;
    private final double acrossY;
    private final double depth;

    /// @param x centre
    /// @param radiusX half its first axis, which is turned by `angle` (radians) from x towards y
    /// @param depth the longest ray inside it
    Ellipsoid(double x, double y, double radiusX, double radiusY, double angle, double depth) {
        this.x = x;
        this.y = y;
        this.depth = depth;
        alongX = Math.cos(angle) / radiusX;
        alongY = Math.sin(angle) / radiusX;
        acrossX = -Math.sin(angle) / radiusY;
        acrossY = Math.cos(angle) / radiusY;
    }

    /// The length of a ray inside it.
    ///
    /// @param blur how soft its outline is, as a share of the radius
    double chord(double px, double py, double blur) {
        double dx = px - x;
        double dy = py - y;
        double u = dx * alongX + dy * alongY;
        double v = dx * acrossX + dy * acrossY;
        double inside = 1 - u * u - v * v;
        return inside < -8 * blur ? 0 : depth * Soft.root(inside, blur);
    }
}
