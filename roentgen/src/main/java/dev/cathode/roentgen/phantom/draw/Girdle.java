package dev.cathode.roentgen.phantom.draw;

import dev.cathode.roentgen.phantom.Dice;
import dev.cathode.roentgen.phantom.Side;
import java.util.Arrays;

/// The bones of the shoulders in frontal view: collar bones, shoulder blades, heads of the upper arms, breast bone.
final class Girdle {
    private Girdle() { }

    /// @param across whether the shoulder blades lie over the lungs, as they do when the patient cannot roll them aside
    static void draw(Film film, Thorax thorax, float[] bone, boolean across, Side brokenClavicle) {
        for (Side side : Side.values()) {
            Dice dice = Dice.of(thorax.anatomy.details(), 0xc1a, side.sign());
            clavicle(film, thorax, bone, side, across, brokenClavicle == side, dice);
            scapula(film, thorax, bone, side, across, dice);
        }
        manubrium(film, thorax, bone);
    }

    private static void clavicle(Film film, Thorax thorax, float[] bone, Side side, boolean across, boolean broken,
            Dice dice) {
        double s = side.sign();
        double front = thorax.pose.yaw() * 8;
        double height = (across ? 2.6 : 4.0) + dice.around(0, 0.3);
        double rise = (across ? 1.0 : 2.4) + dice.around(0, 0.4);
        double w = thorax.anatomy.thoraxWidth() / 13.9;
        double[][] line = Curve.through(8,
                new double[] {front + s * 1.7 * w, height + 0.5},
                new double[] {front + s * 4.6 * w, height - 0.25},
                new double[] {front + s * 8.6 * w, height - 0.3 - 0.45 * rise},
                new double[] {front + s * 12.2 * w, height - 1.0 - 0.8 * rise},
                new double[] {front + s * 15.4 * w, height - 0.9 - rise});
        int n = line.length;
        double[] x = new double[n];
        double[] y = new double[n];
        double[] radius = new double[n];
        double[] weight = new double[n];
        int gap = n / 2;
        for (int i = 0; i < n; i++) {
            double t = (double) i / (n - 1);
            x[i] = line[i][0];
            y[i] = line[i][1] + (broken && i >= gap ? 2.3 * (1 - 0.7 * (t - 0.5)) : 0);
            radius[i] = 0.58 + 0.2 * Math.pow(1 - t, 6) + 0.1 * t;
            weight[i] = 1;
        }
        Film.Tube tube = new Film.Tube(0.68, 1.75);
        if (!broken) {
            film.tube(bone, x, y, radius, weight, tube);
            return;
        }
        // the outer part has sunk and slid under the inner one
        double[] slid = x.clone();
        for (int i = gap; i < n; i++) {
            slid[i] -= s * 1.5;
        }
        film.tube(bone, cut(x, 0, gap), cut(y, 0, gap), cut(radius, 0, gap), cut(weight, 0, gap), tube);
        Film.Tube ends = new Film.Tube(0, 0.8); // the ends of a broken bone show end on
        film.tube(bone, cut(x, gap - 2, gap), cut(y, gap - 2, gap), cut(radius, gap - 2, gap),
                cut(weight, gap - 2, gap), ends);
        film.tube(bone, cut(slid, gap, gap + 2), cut(y, gap, gap + 2), cut(radius, gap, gap + 2),
                cut(weight, gap, gap + 2), ends);
        film.tube(bone, cut(slid, gap, n), cut(y, gap, n), cut(radius, gap, n), cut(weight, gap, n), tube);
    }

    private static double[] cut(double[] values, int from, int to) {
        return Arrays.copyOfRange(values, from, to);
    }

    private static void scapula(Film film, Thorax thorax, float[] bone, Side side, boolean across, Dice dice) {
        double s = side.sign();
        double w = thorax.anatomy.thoraxWidth() / 13.9;
        double out = (across ? 9.3 : 12.4) * w + dice.around(0, 0.3);
        double tip = (across ? 11.5 : 13.6) * w;
        double[] top = {s * out, 1.6};
        double[] low = {s * tip, 13.2 + dice.around(0, 0.6)};
        double[] socket = {s * 16.2 * w, 2.6};
        plate(film, bone, new double[][] {top, low, socket}, 0.55);
        film.wire(bone, Curve.through(6, top, new double[] {s * (out + 0.2), 6.5}, low), 0.22, 1.0);
        film.wire(bone, Curve.through(6, low, new double[] {s * 14.9 * w, 7.5}, socket), 0.34, 1.5);
        film.wire(bone, Curve.through(6, new double[] {s * (out + 0.5), 2.2}, new double[] {s * 13.8 * w, 0.7},
                new double[] {s * 17 * w, -0.9}), 0.5, 0.8);
        double[] head = {s * 18.6 * w, 2.8};
        film.tube(bone, new double[] {head[0], head[0] + s * 0.01}, new double[] {head[1], head[1] + 0.01},
                new double[] {2.3, 2.3}, new double[] {1, 1}, new Film.Tube(0.86, 0.6));
        film.tube(bone, new double[] {head[0] + s * 0.8, head[0] + s * 3.5}, new double[] {head[1] + 1.5, 14},
                new double[] {1.5, 1.25}, new double[] {0.4, 1}, new Film.Tube(0.72, 1.0));
    }

    /// A thin plate with three corners.
    private static void plate(Film film, float[] bone, double[][] corner, double thickness) {
        double turn = Math.signum((corner[1][0] - corner[0][0]) * (corner[2][1] - corner[0][1])
                - (corner[1][1] - corner[0][1]) * (corner[2][0] - corner[0][0]));
        for (int row = 0; row < film.height; row++) {
            double y = film.y(row);
            if (y < 0 || y > 15) {
                continue;
            }
            for (int column = 0; column < film.width; column++) {
                double x = film.firstX(y) + column * film.pixel;
                double inside = 9;
                for (int i = 0; i < 3; i++) {
                    double[] a = corner[i];
                    double[] b = corner[(i + 1) % 3];
                    double length = Math.hypot(b[0] - a[0], b[1] - a[1]);
                    inside = Math.min(inside,
                            turn * ((b[0] - a[0]) * (y - a[1]) - (b[1] - a[1]) * (x - a[0])) / length);
                }
                bone[row * film.width + column] += (float) (thickness * Soft.step(-0.15, 0.25, inside));
            }
        }
    }

    private static void manubrium(Film film, Thorax thorax, float[] bone) {
        double x = thorax.pose.yaw() * 8;
        double[][] line = {{x, 3.3}, {x, 5.2}, {x, 7.6}};
        film.tube(bone, new double[] {line[0][0], line[1][0], line[2][0]},
                new double[] {line[0][1], line[1][1], line[2][1]}, new double[] {2.3, 1.9, 1.3},
                new double[] {1, 1, 1}, new Film.Tube(0.92, 0.35));
    }
}
