package dev.cathode.roentgen.phantom.draw;

import dev.cathode.roentgen.phantom.Side;

/// Trachea and main bronchi in frontal view.
final class Airway {
    private Airway() { }

    /// Where the trachea forks.
    static double[] carina(Thorax thorax, double shift) {
        return new double[] {-0.3 + 0.8 * shift + 4 * thorax.pose.yaw(), 0.40 * thorax.domeTop(
                Side.RIGHT)};
    }

    /// The trachea's line from the neck to the carina.
    static double[][] trachea(Thorax thorax, double shift) {
        double[] carina = carina(thorax, shift);
        return Curve.through(6, new double[] {0.1, -12}, new double[] {0.1, -3},
                new double[] {-0.1 + 0.5 * shift + 2 * thorax.pose.yaw(), 0.5 * carina[1]}, carina);
    }

    /// Adds the length of rays inside the airways.
    static void draw(Film film, Thorax thorax, float[] air, double shift) {
        double[] carina = carina(thorax, shift);
        pipe(film, air, trachea(thorax, shift), 0.85, 0.72, 1, 0.55);
        pipe(film, air, Curve.through(5, new double[] {carina[0] - 0.2, carina[1] - 0.5},
                new double[] {carina[0] - 1.4, carina[1] + 1.3},
                new double[] {carina[0] - 2.7, carina[1] + 3.6}), 0.62, 0.5, 0.75, 0.15);
        pipe(film, air, Curve.through(5, new double[] {carina[0] + 0.2, carina[1] - 0.5},
                new double[] {carina[0] + 1.7, carina[1] + 1.2},
                new double[] {carina[0] + 4, carina[1] + 2.6}), 0.6, 0.48, 0.75, 0.15);
    }

    /// A tube that narrows and, the deeper it lies in other things, shows less.
    private static void pipe(Film film, float[] air, double[][] line, double from, double to, double shown,
            double shownAtEnd) {
        int n = line.length;
        double[] x = new double[n];
        double[] y = new double[n];
        double[] radius = new double[n];
        double[] weight = new double[n];
        for (int i = 0; i < n; i++) {
            double t = (double) i / (n - 1);
            x[i] = line[i][0];
            y[i] = line[i][1];
            radius[i] = from + (to - from) * t;
            weight[i] = shown + (shownAtEnd - shown) * t * t;
        }
        film.tube(air, x, y, radius, weight, Film.Tube.FULL);
    }
}
