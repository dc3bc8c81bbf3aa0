package dev.cathode.roentgen.phantom.draw;

import dev.cathode.roentgen.phantom.Dice;
import dev.cathode.roentgen.phantom.Side;

/// The vessels of the lungs in frontal view: trees that grow from the hila, thinner at each fork.
final class Vessels {
    private static final double STEP = 0.75;
    private static final int MAX_FORKS = 4;

    private final Film film;
    private final Thorax thorax;
    private final float[] field;
    private final double fullness;

    /// @param fullness 1 in health; more where blood is dammed up
    Vessels(Film film, Thorax thorax, float[] field, double fullness) {
        this.film = film;
        this.thorax = thorax;
        this.field = field;
        this.fullness = fullness;
    }

    /// Where the vessels of a side come from.
    static double[] hilum(Thorax thorax, Side side) {
        double level = 0.47 * thorax.domeTop(Side.RIGHT) + thorax.anatomy.details() % 7 * 0.05;
        return new double[] {side.sign() * 3.5, level - (side == Side.LEFT ? 0.9 : 0)};
    }

    /// @param squeeze how far a lung is drawn towards its hilum, 0 to 1
    void draw(Side side, double squeeze, double shift) {
        Dice dice = Dice.of(thorax.anatomy.details(), 0xe55e1, side.sign());
        double[] hilum = hilum(thorax, side);
        double s = side.sign();
        trunk(side, hilum, squeeze, shift);
        int branches = 16;
        for (int i = 0; i < branches; i++) {
            // from nearly straight up, outwards, to nearly straight down; the lower ones carry more blood
            double angle = Math.toRadians(-78 + 158.0 * i / (branches - 1) + dice.around(0, 4));
            double down = Math.max(0, Math.sin(angle));
            double radius = (0.25 + 0.13 * down + 0.05 * dice.between(0, 1)) * (0.85 + 0.15 * fullness)
                    * (down > 0.1 ? 1 : 1 + 0.35 * (fullness - 1));
            grow(dice, side, hilum[0] + s * 0.6 * Math.cos(angle), hilum[1] + 2.2 * Math.sin(angle), angle, radius,
                    8.5 + 4.5 * Math.abs(Math.sin(angle)), 0, new double[] {hilum[0], hilum[1], squeeze, shift});
        }
    }

    /// The pulmonary artery's main branch: on the right it hangs down beside the heart, on the left it arches.
    private void trunk(Side side, double[] hilum, double squeeze, double shift) {
        double s = side.sign();
        double[][] line = side == Side.RIGHT
                ? Curve.through(5, new double[] {-2.0, hilum[1] - 0.8}, new double[] {-3.6, hilum[1] - 0.2},
                        new double[] {-4.5, hilum[1] + 2}, new double[] {-4.9, hilum[1] + 5})
                : Curve.through(5, new double[] {2.2, hilum[1] + 0.3}, new double[] {3.7, hilum[1] - 0.9},
                        new double[] {4.7, hilum[1] + 1}, new double[] {5.0, hilum[1] + 4.2});
        double[][] top = Curve.through(5, new double[] {s * 3.2, hilum[1] + 0.4},
                new double[] {s * 4.1, hilum[1] - 1.8}, new double[] {s * 4.7, hilum[1] - 4});
        taper(line, 0.72, 0.36, shift, 1.5);
        taper(top, 0.55, 0.26, shift, 1.2);
        film.tube(field, new double[] {s * 3.2 + shift, s * 3.9 + shift}, new double[] {hilum[1] - 0.6, hilum[1] + 1},
                new double[] {1.15, 1.05}, new double[] {1, 1}, new Film.Tube(0, 0.85 * fullness));
    }

    private void taper(double[][] line, double from, double to, double shift, double amount) {
        int n = line.length;
        double[] x = new double[n];
        double[] y = new double[n];
        double[] radius = new double[n];
        double[] weight = new double[n];
        for (int i = 0; i < n; i++) {
            double t = (double) i / (n - 1);
            x[i] = line[i][0] + shift;
            y[i] = line[i][1];
            radius[i] = from + (to - from) * t;
            weight[i] = 1 - 0.35 * t;
        }
        film.tube(field, x, y, radius, weight, new Film.Tube(0, amount));
    }

    /// Grows a branch and its forks.
    ///
    /// @param angle 0 outwards, positive downwards
    /// @param pull hilum x, hilum y, how far points are drawn to it, and the shift of the hilum
    private void grow(Dice dice, Side side, double x, double y, double angle, double radius, double length, int forks,
            double[] pull) {
        int n = Math.max(3, (int) (length / STEP));
        double[] xs = new double[n];
        double[] ys = new double[n];
        double[] radii = new double[n];
        double[] weight = new double[n];
        double direction = angle;
        double bend = dice.around(0, 0.05);
        double px = x;
        double py = y;
        for (int i = 0; i < n; i++) {
            double t = (double) i / (n - 1);
            xs[i] = pull[3] + pull[0] + (px - pull[0]) * (1 - pull[2]);
            ys[i] = pull[1] + (py - pull[1]) * (1 - pull[2]);
            radii[i] = radius * (1 - 0.58 * t);
            weight[i] = 1 - 0.4 * t * (forks > 0 ? 1 : 0.5);
            boolean fork = forks < MAX_FORKS && i > 1 && i < n - 2 && radii[i] > 0.035
                    && dice.chance(forks == 0 ? 0.5 : 0.36);
            if (fork) {
                double turn = dice.between(0.35, 0.8) * (dice.chance(0.5) ? 1 : -1);
                grow(dice, side, px, py, direction + turn, radii[i] * dice.between(0.62, 0.85),
                        (length - i * STEP) * dice.between(0.5, 0.85) + 0.8, forks + 1, pull);
            }
            px += side.sign() * STEP * Math.cos(direction);
            py += STEP * Math.sin(direction);
            direction += bend + dice.around(0, 0.1);
        }
        film.tube(field, xs, ys, radii, weight, new Film.Tube(0, 1.8));
    }
}
