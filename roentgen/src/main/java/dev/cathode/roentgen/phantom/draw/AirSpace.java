package dev.cathode.roentgen.phantom.draw;

import dev.cathode.roentgen.phantom.Dice;
import dev.cathode.roentgen.phantom.Finding.Pneumothorax;
import dev.cathode.roentgen.phantom.Side;

/// Air between chest wall and lung in frontal view: where the lung ends, and its edge, the pleural line.
final class AirSpace {
    private final Thorax thorax;
    private final Side side;
    private final double gap;
    private final double drop;
    /// How far the lung is drawn to its hilum, for its vessels.
    final double squeeze;
    /// Density of the lung that is left, as a multiple of a healthy one's.
    final double density;

    AirSpace(Thorax thorax, Pneumothorax finding, long seed) {
        this.thorax = thorax;
        side = finding.side();
        Dice dice = Dice.of(seed, 0xa1, side.sign());
        double w = thorax.anatomy.thoraxWidth();
        switch (finding.size()) {
            case SMALL -> {
                gap = w * dice.between(0.13, 0.17);
                drop = dice.between(2.6, 3.4);
                squeeze = 0.12;
                density = 1.15;
            }
            case MODERATE -> {
                gap = w * dice.between(0.27, 0.33);
                drop = dice.between(4.2, 5.2);
                squeeze = 0.28;
                density = 1.5;
            }
            default -> {
                gap = w * dice.between(0.46, 0.54);
                drop = dice.between(6, 7.2);
                squeeze = 0.5;
                density = 2.3;
            }
        }
    }

    Side side() {
        return side;
    }

    /// The lung's outer edge at a height; negative above its top.
    double edge(double y) {
        double below = y - drop;
        if (below <= 0) {
            return -1;
        }
        double full = thorax.wall(below * 1.06);
        double narrow = gap * (1 - 0.25 * Soft.step(0.5, 1.1, y / thorax.costophrenic()));
        return Math.max(0.2, (full - narrow) * Soft.edge(below, 2.2));
    }

    /// 1 inside the lung, 0 in the air outside.
    double lung(double away, double y, double blur) {
        return Soft.step(-0.06 - blur, 0.06 + blur, edge(y) - away);
    }

    /// Adds the pleural line.
    void line(Film film, float[] density) {
        int n = 60;
        double from = drop + 0.02;
        double to = thorax.domeTop(side) + 2.5;
        double[][] points = new double[n][2];
        for (int i = 0; i < n; i++) {
            double t = (double) i / (n - 1);
            double y = from + (to - from) * t * t;
            points[i][0] = side.sign() * edge(y);
            points[i][1] = y;
        }
        film.wire(density, points, 0.11, 5.5);
    }
}
