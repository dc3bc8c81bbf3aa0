package dev.cathode.roentgen.phantom.draw;

import dev.cathode.roentgen.phantom.Dice;
import dev.cathode.roentgen.phantom.Side;

/// The gas under the left dome: round above, with a level of fluid below.
final class StomachBubble {
    private final Ellipsoid gas;
    private final double level;

    StomachBubble(Thorax thorax) {
        Dice dice = Dice.of(thorax.anatomy.details(), 0x6a5);
        double x = dice.between(4.8, 7.2);
        double top = thorax.dome(Side.LEFT, x) + dice.between(0.7, 1.1);
        double wide = dice.between(1.7, 3.0);
        double high = dice.between(1.3, 2.1);
        gas = new Ellipsoid(x, top + high, wide, high, dice.between(-0.15, 0.3), dice.between(4.5, 8));
        level = top + high * dice.between(1.1, 1.9);
    }

    /// The length of a ray inside the gas.
    double air(double x, double y, double blur) {
        if (y > level + 0.3) {
            return 0;
        }
        return gas.chord(x, y, 0.04 + blur / 2) * Soft.step(level + 0.12, level - 0.12, y);
    }
}
