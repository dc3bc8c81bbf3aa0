package dev.cathode.roentgen.phantom.draw;

import dev.cathode.roentgen.phantom.Dice;
import dev.cathode.roentgen.phantom.Finding.Atelectasis;
import dev.cathode.roentgen.phantom.Finding.Lesion;
import dev.cathode.roentgen.phantom.Side;

/// Shadows of a shape of their own in frontal view: nodules and masses, bands of collapsed lung.
final class Solids {
    private Solids() { }

    /// A nodule or a mass as balls that grow into one another.
    static Ellipsoid[] lesion(Thorax thorax, Lesion finding, long seed) {
        Dice dice = Dice.of(seed, 0x1e5, finding.lobe().ordinal());
        Side side = finding.lobe().side();
        double[] middle = Opacity.middle(finding.lobe());
        double w = thorax.anatomy.thoraxWidth() / 13.9;
        double x = side.sign() * w * (Math.min(middle[0], 8.6) + dice.between(-1.0, 1.2));
        double y = Math.min(middle[1], 0.8) * thorax.domeTop(side) + dice.between(-1, 1);
        if (!finding.mass()) {
            double radius = dice.between(0.95, 1.35);
            return new Ellipsoid[] {new Ellipsoid(x, y, radius, radius * dice.between(0.88, 1), 0, 4.4 * radius)};
        }
        double radius = dice.between(2.0, 2.9);
        Ellipsoid[] balls = new Ellipsoid[5];
        balls[0] = new Ellipsoid(x, y, radius, radius * dice.between(0.85, 1), dice.between(0, 3), 3.4 * radius);
        for (int i = 1; i < balls.length; i++) {
            double angle = dice.between(0, 2 * Math.PI);
            double part = radius * dice.between(0.5, 0.75);
            balls[i] = new Ellipsoid(x + 0.55 * radius * Math.cos(angle), y + 0.55 * radius * Math.sin(angle), part,
                    part, 0, 2.6 * part);
        }
        return balls;
    }

    /// The length of a ray in balls that have grown together.
    static double chord(Ellipsoid[] balls, double x, double y, double blur) {
        double sum = 0;
        for (Ellipsoid ball : balls) {
            double chord = ball.chord(x, y, blur);
            sum += chord * chord * chord;
        }
        return Math.cbrt(sum);
    }

    /// Bands above the diaphragm.
    static void bands(Film film, Thorax thorax, float[] field, Atelectasis finding, long seed) {
        Dice dice = Dice.of(seed, 0xa7e, finding.side().sign());
        double s = finding.side().sign();
        double base = thorax.domeTop(finding.side());
        int count = 3;
        for (int i = 0; i < count; i++) {
            double start = (finding.side() == Side.LEFT ? 5.6 : 3.4) + dice.between(0, 0.8);
            double length = dice.between(4.4, 7) - 0.4 * i;
            double y = base - 1.0 - 1.6 * i + dice.around(0, 0.35);
            double tilt = dice.between(-0.16, 0.24);
            double end = Math.min(start + length, 0.9 * thorax.wall(y));
            double[][] line = Curve.through(8, new double[] {s * start, y},
                    new double[] {s * (start + end) / 2, y + tilt * length / 2 - 0.15},
                    new double[] {s * end, y + tilt * length});
            film.wire(field, line, dice.between(0.24, 0.44), 3.9);
        }
    }

    /// Short lines at the chest wall: swollen septa between lobules.
    static void septa(Film film, Thorax thorax, float[] field, long seed) {
        for (Side side : Side.values()) {
            Dice dice = Dice.of(seed, 0xe1b, side.sign());
            for (int i = 0; i < 7; i++) {
                double y = thorax.domeTop(side) - 0.4 - 0.75 * i;
                double wall = thorax.wall(y) - 0.35;
                film.wire(field, new double[][] {{side.sign() * wall, y},
                    {side.sign() * (wall - dice.between(1.1, 1.7)), y + dice.around(0, 0.08)}}, 0.07, 4.5);
            }
        }
    }
}
