package dev.cathode.roentgen.phantom.draw;

import dev.cathode.roentgen.phantom.Finding.Effusion;
import dev.cathode.roentgen.phantom.Side;
import dev.cathode.roentgen.phantom.Size;

/// Fluid in the pleural space in frontal view. Its surface climbs towards the chest wall: the meniscus.
final class Effusions {
    private Effusions() { }

    /// How much of the air at a point is replaced by fluid.
    static double fill(Thorax thorax, Effusion effusion, double away, double y) {
        Side side = effusion.side();
        double top = thorax.domeTop(side);
        double height = thorax.costophrenic();
        // surface at the mediastinum, surface at the chest wall, how gradually it thickens
        double inner;
        double outer;
        double depth;
        switch (effusion.size()) {
            case SMALL -> {
                inner = top + 1.2;
                outer = height - 9;
                depth = 2.0;
            }
            case MODERATE -> {
                inner = top - 1.6;
                outer = top - 7.2;
                depth = 3.0;
            }
            default -> {
                inner = 0.52 * top;
                outer = 0.24 * top;
                depth = 3.6;
            }
        }
        double t = Math.clamp(away / thorax.wall(y), 0, 1);
        double power = effusion.size() == Size.SMALL ? 2.8 : 2.4;
        double surface = inner + (outer - inner) * Math.pow(t, power);
        return 0.97 * Soft.step(-0.3, depth, y - surface);
    }
}
