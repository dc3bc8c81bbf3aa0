package dev.cathode.roentgen.phantom.draw;

import dev.cathode.roentgen.phantom.Side;

/// The soft outside of the body in frontal view: trunk, shoulders, neck, breasts.
final class Trunk {
    private final Thorax thorax;
    private final double depth;
    private final double shoulder;
    private final Ellipsoid[] breasts;

    Trunk(Thorax thorax) {
        this.thorax = thorax;
        depth = thorax.anatomy.depth();
        shoulder = 0.5 * depth;
        double size = 0.75 + 0.12 * thorax.anatomy.wall();
        double middle = 0.78 * thorax.domeTop(Side.RIGHT) + 1;
        breasts = thorax.anatomy.female() ? new Ellipsoid[] {
            new Ellipsoid(-8.6, middle, 6.2 * size, 5.6 * size, 0.25, 3.2 * size),
            new Ellipsoid(8.6, middle + 0.3, 6.2 * size, 5.6 * size, -0.25, 3.2 * size)} : new Ellipsoid[0];
    }

    /// Half the trunk's width at a height.
    double half(double y) {
        return thorax.wall(Math.max(y, 2)) + thorax.anatomy.wall() + 0.5;
    }

    /// The water that a ray would meet if the chest held no air.
    ///
    /// @param half the trunk's half width at this height
    double water(double half, double x, double y) {
        double away = Math.abs(x);
        double t = away / half;
        double trunk = t >= 1 ? 0 : (0.62 + 0.38 * Soft.step(-2, 9, y)) * depth * Math.pow(1 - t * t * t, 0.72);
        trunk *= Soft.step(-3.5, 1.5, y + 0.12 * away);
        double neck = 11.5 * Soft.edge(6.1 + 0.5 * Math.max(0, y + 4) - away, 4.5) * Soft.step(3, -1, y);
        double top = y - shoulderLine(away);
        double axilla = 8.6 + 0.9 * Math.max(0, away - half + 0.8) - y;
        double girdle = shoulder * Soft.edge(top, 3.6) * Soft.edge(axilla, 3.2);
        double sum = join(trunk, join(neck, girdle));
        for (Ellipsoid breast : breasts) {
            sum += breast.chord(x, y, 0.05);
        }
        return sum;
    }

    /// The upper outline of neck and shoulders.
    private static double shoulderLine(double away) {
        double out = Math.max(0, away - 5.5);
        return -8.5 + 5.3 * Soft.edge(out, 8) + 0.012 * out * out;
    }

    /// The larger of two thicknesses, without a crease.
    private static double join(double a, double b) {
        double a2 = a * a;
        double b2 = b * b;
        return Math.sqrt(Math.sqrt(a2 * a2 + b2 * b2));
    }
}
