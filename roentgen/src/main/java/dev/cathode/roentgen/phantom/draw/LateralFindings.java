package dev.cathode.roentgen.phantom.draw;

import dev.cathode.roentgen.phantom.Dice;
import dev.cathode.roentgen.phantom.Finding;
import dev.cathode.roentgen.phantom.Lobe;
import dev.cathode.roentgen.phantom.Side;
import dev.cathode.roentgen.phantom.Size;
import java.util.List;

/// What findings put in the air's place in side view.
final class LateralFindings {
    private final Profile profile;
    private final List<Finding> findings;
    private final Texture texture;
    private final double pixel;
    private final long seed;

    LateralFindings(Profile profile, List<Finding> findings, Texture texture, double pixel, long seed) {
        this.profile = profile;
        this.findings = findings;
        this.texture = texture;
        this.pixel = pixel;
        this.seed = seed;
    }

    /// Where a lobe lies: its middle, front to back, and down as a share of the dome's height.
    private double[] middle(Lobe lobe) {
        double[] place = switch (lobe) {
            case RIGHT_UPPER, LEFT_UPPER -> new double[] {-0.5, 0.27};
            case RIGHT_MIDDLE, LINGULA -> new double[] {-4.6, 0.72};
            case RIGHT_LOWER, LEFT_LOWER -> new double[] {4.6, 0.80};
        };
        return new double[] {place[0], place[1] * profile.thorax.domeTop(lobe.side())};
    }

    /// The share of one lung's air that is replaced at a point.
    double fill(Side side, double x, double y) {
        double left = 1;
        for (Finding finding : findings) {
            left *= 1 - switch (finding) {
                case Finding.Effusion f when f.side() == side -> effusion(f, x, y);
                case Finding.Edema f -> edema(f.size(), x, y);
                case Finding.Consolidation f when f.lobe().side() == side -> 0.85 * bell(f.lobe(), x, y, 4.2, 0.4);
                case Finding.Pneumonia f when f.lobe().side() == side -> 0.8 * bell(f.lobe(), x, y, 3.4, 1.5);
                case Finding.PleuralThickening f when f.side() == side ->
                        0.85 * Soft.step(1.3, 0.6, profile.back(y) - x);
                default -> 0;
            };
        }
        return 1 - left;
    }

    private double effusion(Finding.Effusion effusion, double x, double y) {
        double top = profile.thorax.domeTop(effusion.side());
        double level = switch (effusion.size()) {
            case SMALL -> top + 2.4;
            case MODERATE -> top - 1.5;
            case LARGE -> 0.5 * top;
        };
        double t = Math.clamp((x - profile.sternum(y)) / (profile.back(y) - profile.sternum(y)), 0, 1);
        double climb = effusion.size() == Size.SMALL ? 3.6 : 4.5;
        return 0.96 * Soft.step(-0.3, 2.4, y - level + climb * Math.pow(t, 4) + 1.5 * Math.pow(1 - t, 4));
    }

    private double edema(Size size, double x, double y) {
        double strength = 0.3 + 0.14 * size.ordinal();
        double dx = (x - 1) / 6;
        double dy = (y - 0.5 * profile.thorax.domeTop(Side.RIGHT)) / 7;
        return strength * (0.3 + 0.7 * Math.exp(-dx * dx - dy * dy)) * (1 + 0.35 * texture.cloud(x, y, 1.9, pixel));
    }

    private double bell(Lobe lobe, double x, double y, double radius, double roughness) {
        double[] middle = middle(lobe);
        double dx = (x - middle[0]) / radius;
        double dy = (y - middle[1]) / radius;
        double bell = Math.exp(-0.9 * (dx * dx + dy * dy));
        return bell < 0.03 ? 0 : Soft.step(0.2, 0.75, bell * (1 + roughness * texture.cloud(x, y, 2.4, pixel)));
    }

    /// The length of a ray in lesions of one lung.
    double lesion(Side side, double x, double y, double blur) {
        double sum = 0;
        for (Finding finding : findings) {
            if (finding instanceof Finding.Lesion f && f.lobe().side() == side) {
                double[] middle = middle(f.lobe());
                double radius = f.mass() ? 2.4 : 1.15;
                sum += new Ellipsoid(middle[0], Math.min(middle[1], 0.78 * profile.thorax.domeTop(side)), radius,
                        0.95 * radius, 0, 3.8 * radius).chord(x, y, 0.04 + blur);
            }
        }
        return sum;
    }

    /// How much of what a ray meets in the chest is lung, not the air around it.
    double lung(Side side, double x, double y) {
        double share = 1;
        for (Finding finding : findings) {
            if (finding instanceof Finding.Pneumothorax f && f.side() == side) {
                double gap = 1.6 + 1.4 * f.size().ordinal();
                double front = profile.sternum(y) + 0.7 + gap;
                share *= Soft.step(-0.15, 0.15, x - front) * Soft.step(-0.15, 0.15, y - 1.3 * gap);
            }
        }
        return share;
    }

    boolean hasBands() {
        return findings.stream().anyMatch(Finding.Atelectasis.class::isInstance);
    }

    /// Adds bands of collapsed lung above the diaphragm.
    void bands(Film film, float[] field) {
        for (Finding finding : findings) {
            if (finding instanceof Finding.Atelectasis(Side side)) {
                Dice dice = Dice.of(seed, 0x1a7e, side.sign());
                for (int i = 0; i < 2; i++) {
                    double y = profile.dome(side, 3) - 0.6 - 1.5 * i;
                    double x = dice.between(0.5, 2);
                    film.wire(field, Curve.through(6, new double[] {x, y}, new double[] {x + 2.5, y + 0.3},
                            new double[] {x + 5, y + dice.between(0.6, 1.4)}), 0.3, 5);
                }
            }
        }
    }
}
