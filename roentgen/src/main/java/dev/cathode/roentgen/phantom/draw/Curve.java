package dev.cathode.roentgen.phantom.draw;

/// A smooth line through a few points (Catmull-Rom).
final class Curve {
    private Curve() { }

    /// The line with `steps` pieces between two neighbouring points.
    static double[][] through(int steps, double[]... points) {
        double[][] line = new double[(points.length - 1) * steps + 1][2];
        for (int i = 0; i < line.length; i++) {
            int piece = Math.min(i / steps, points.length - 2);
            double t = (double) (i - piece * steps) / steps;
            for (int axis = 0; axis < 2; axis++) {
                double before = points[Math.max(0, piece - 1)][axis];
                double from = points[piece][axis];
                double to = points[piece + 1][axis];
                double after = points[Math.min(points.length - 1, piece + 2)][axis];
                line[i][axis] = 0.5 * (2 * from + t * (to - before + t * (2 * before - 5 * from + 4 * to - after
                        + t * (3 * from - before - 3 * to + after))));
            }
        }
        return line;
    }
}
