package dev.cathode.roentgen.phantom.draw;

import dev.cathode.roentgen.phantom.Dice;
import dev.cathode.roentgen.phantom.Finding.Consolidation;
import dev.cathode.roentgen.phantom.Finding.Edema;
import dev.cathode.roentgen.phantom.Finding.PleuralThickening;
import dev.cathode.roentgen.phantom.Finding.Pneumonia;
import dev.cathode.roentgen.phantom.Lobe;
import dev.cathode.roentgen.phantom.Side;

/// Something that takes the place of air in frontal view.
@FunctionalInterface
interface Opacity {
    /// The share of the air that it replaces.
    ///
    /// @param away distance from the midline on that side
    double fill(Side side, double away, double y);

    /// Where lobes lie: their middles, away from the midline and down as a share of the dome's height.
    static double[] middle(Lobe lobe) {
        return switch (lobe) {
            case RIGHT_UPPER -> new double[] {7.0, 0.27};
            case RIGHT_MIDDLE -> new double[] {6.6, 0.75};
            case RIGHT_LOWER -> new double[] {9.0, 0.86};
            case LEFT_UPPER -> new double[] {7.0, 0.29};
            case LINGULA -> new double[] {9.2, 0.70};
            case LEFT_LOWER -> new double[] {9.4, 0.88};
        };
    }

    /// A lobe filled evenly. Fissures bound it sharply.
    static Opacity consolidation(Thorax thorax, Consolidation finding, Texture texture, double pixel) {
        Lobe lobe = finding.lobe();
        double top = thorax.domeTop(lobe.side());
        double fissure = 0.53 * top;
        return (side, away, y) -> {
            if (side != lobe.side()) {
                return 0;
            }
            double wobble = 0.8 * texture.at(away, y, 3);
            double shape = switch (lobe) {
                case RIGHT_UPPER -> Soft.step(0.25, -0.1, y - fissure - 0.06 * away);
                case RIGHT_MIDDLE -> Soft.step(-0.1, 0.35, y - fissure - 0.9 - 0.05 * away)
                        * Soft.step(2, -1.6, away - 11 + 0.62 * (y - fissure) + wobble);
                case RIGHT_LOWER, LEFT_LOWER -> Soft.step(-1.6, 1.4, y - 0.68 * top - 0.12 * away + wobble);
                case LEFT_UPPER -> Soft.step(1.4, -1.2, y - 0.55 * top + wobble);
                case LINGULA -> Soft.step(-1.8, 1.6, y - 0.48 * top - 0.35 * away + 1.5 + wobble)
                        * Soft.step(1.8, -1.8, away - 10.2 + wobble);
            };
            return shape * (0.8 + 0.06 * texture.cloud(away, y, 2, pixel));
        };
    }

    /// Patches like cotton wool.
    static Opacity pneumonia(Thorax thorax, Pneumonia finding, Texture texture, double pixel, long seed) {
        Dice dice = Dice.of(seed, 0x94e, finding.lobe().ordinal());
        Lobe lobe = finding.lobe();
        double[] middle = middle(lobe);
        double x = middle[0] * thorax.anatomy.thoraxWidth() / 13.9 + dice.around(0, 0.5);
        double centre = middle[1] * thorax.domeTop(lobe.side()) + dice.around(0, 0.5);
        double radius = dice.between(3.9, 4.8);
        double offset = dice.between(0, 50);
        return (side, away, y) -> {
            if (side != lobe.side()) {
                return 0;
            }
            double dx = (away - x) / (1.15 * radius);
            double dy = (y - centre) / radius;
            double bell = Math.exp(-1.1 * (dx * dx + dy * dy));
            if (bell < 0.02) {
                return 0;
            }
            double cloud = texture.cloud(away + offset, y - offset, 2.4, pixel);
            return 0.78 * Soft.step(0.12, 0.85, bell * (1 + 1.3 * cloud));
        };
    }

    /// The wings of a bat around the hila, and a veil over all.
    static Opacity edema(Thorax thorax, Edema finding, Texture texture, double pixel) {
        double strength = switch (finding.size()) {
            case SMALL -> 0.32;
            case MODERATE -> 0.46;
            case LARGE -> 0.66;
        };
        double level = Vessels.hilum(thorax, Side.RIGHT)[1] + 1.2;
        return (side, away, y) -> {
            double dx = (away - 5) / 5.2;
            double dy = (y - level) / 6.8;
            double wing = Math.exp(-(dx * dx + dy * dy) * (dx * dx + dy * dy));
            double cloud = texture.cloud(side.sign() * away, y, 1.9, pixel);
            return strength * Math.clamp((0.22 + 0.85 * wing) * (1 + 0.45 * cloud), 0, 1.1);
        };
    }

    /// A rind along the chest wall, its inner border wavy.
    static Opacity thickening(Thorax thorax, PleuralThickening finding, Texture texture) {
        return (side, away, y) -> {
            if (side != finding.side()) {
                return 0;
            }
            double thick = 1.5 + 0.35 * texture.at(3, y, 5);
            double inner = thorax.wall(y) - away - thick * Soft.edge(y + 0.4, 2.5);
            return 0.88 * Math.max(Soft.step(0.25, -0.25, inner), Soft.step(1.3, 0.5, y));
        };
    }
}
