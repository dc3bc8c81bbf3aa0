package dev.cathode.roentgen.phantom.draw;

import dev.cathode.roentgen.phantom.Side;

/// The shape of the chest in side view: x runs from the breast bone (negative) to the back.
final class Profile {
    final Thorax thorax;
    private final double scale;

    Profile(Thorax thorax) {
        this.thorax = thorax;
        scale = 1.2 * thorax.anatomy.depth() / 21.5;
    }

    /// The middle of the vertebral bodies.
    double spine(double y) {
        double bend = thorax.anatomy.kyphosis();
        return scale * (3.4 + 1.1 * bend * Soft.step(-4, 11, y) + 1.6 * Soft.step(-6, 8, y)
                - 1.7 * bend * Soft.step(13, 30, y));
    }

    /// The breast bone.
    double sternum(double y) {
        return scale * (-4.3 - 5.9 * Soft.step(-2, 20, y) + 0.6 * Soft.step(18, 30, y));
    }

    /// Where the lungs end at the back, beside the spine.
    double back(double y) {
        return spine(y) + 2.9 * scale;
    }

    /// The dome of a side.
    double dome(Side side, double x) {
        double top = thorax.domeTop(side);
        double t = (x + 3 * scale) / scale;
        return t > 0 ? top + 0.052 * t * t : top + 0.045 * t * t;
    }

    /// The water that a ray from side to side would meet if the chest held no air.
    double water(double x, double y) {
        double front = sternum(y) - 1.6 - 0.35 * thorax.anatomy.wall();
        double rear = spine(y) + 4.6 * scale + 0.4 * thorax.anatomy.wall();
        double t = (2 * x - front - rear) / (rear - front);
        double wide = 2 * (thorax.wall(Math.max(y, 3)) + thorax.anatomy.wall());
        double trunk = Math.abs(t) >= 1 ? 0 : wide * 0.92 * Math.pow(1 - Math.abs(t * t * t), 0.62);
        trunk *= Soft.step(-14, 0, y) * 0.6 + 0.4;
        double raised = Math.max(0, 4 - y); // arms are held up, before the head
        double shoulder = 19 * Soft.edge(7.6 + 0.5 * raised - Math.abs(x + 0.9 + 0.4 * raised), 6)
                * Soft.step(7, -1, y);
        return Math.cbrt(trunk * trunk * trunk + shoulder * shoulder * shoulder);
    }

    /// The air that a ray meets in one healthy lung.
    double air(Side side, double x, double y, double blur) {
        double front = sternum(y) + 0.7;
        double rear = back(y);
        double t = (2 * x - front - rear) / (rear - front);
        if (y < -0.3 || Math.abs(t) > 1.02) {
            return 0;
        }
        double deep = (0.28 + 0.52 * Soft.step(-1, 10, y)) * thorax.wall(y)
                * Soft.root(1 - t * t * t * t, 0.02 + blur / 8);
        double below = y - dome(side, x);
        double hump = (x - 1.6) / (6.2 * scale);
        double apex = Soft.edge(y + 0.2 - 2.2 * hump * hump, 5);
        return deep * apex * Soft.step(0.12 + blur, -0.12 - blur, below);
    }
}
