package dev.cathode.roentgen.phantom.draw;

import dev.cathode.roentgen.phantom.Dice;
import dev.cathode.roentgen.phantom.Finding;
import dev.cathode.roentgen.phantom.Side;

/// Tubes, lines and pacemakers in frontal view.
final class Devices {
    private static final double PLASTIC = 7;
    private static final double METAL = 22;

    private final Film film;
    private final Thorax thorax;
    private final float[] metal;
    private final double shift;
    private final long seed;

    Devices(Film film, Thorax thorax, float[] metal, double shift, long seed) {
        this.film = film;
        this.thorax = thorax;
        this.metal = metal;
        this.shift = shift;
        this.seed = seed;
    }

    /// From the mouth down the trachea, its tip some centimetres above the carina: two walls and a bright thread.
    void endotrachealTube() {
        Dice dice = Dice.of(seed, 0xe77);
        double[] carina = Airway.carina(thorax, shift);
        double tip = carina[1] - dice.between(2.2, 3.4);
        double x = carina[0] * 0.6;
        double[][] middle = Curve.through(6, new double[] {x + 0.25, -14}, new double[] {x + 0.2, -4},
                new double[] {x - 0.05, tip - 3}, new double[] {x, tip});
        film.wire(metal, moved(middle, -0.42), 0.12, PLASTIC);
        film.wire(metal, moved(middle, 0.42), 0.12, PLASTIC);
        film.wire(metal, middle, 0.15, METAL);
    }

    /// Through a vein to the mouth of the right atrium.
    void centralLine(Finding.CentralLine line) {
        double s = line.side().sign();
        Dice dice = Dice.of(seed, 0xc77, line.side().sign());
        double end = 0.50 * thorax.domeTop(Side.RIGHT) + dice.between(0, 1.5);
        double[][] path;
        if (line.subclavian()) {
            path = Curve.through(8, new double[] {s * 11.5, 6.2}, new double[] {s * 8.6, 3.0},
                    new double[] {s * 4.5, 2.0}, new double[] {line.side() == Side.RIGHT ? -2.2 : 1.2, 4.0},
                    new double[] {-2.1 + shift, 7.2}, new double[] {-2.4 + shift, end});
        } else {
            path = Curve.through(8, new double[] {s * 4.3, -10}, new double[] {s * 3.6, -4},
                    new double[] {s * 2.9, 0.8}, new double[] {line.side() == Side.RIGHT ? -2.3 : 1.0, 4.2},
                    new double[] {-2.1 + shift, 7.4}, new double[] {-2.4 + shift, end});
        }
        film.wire(metal, path, 0.125, METAL);
    }

    /// A box below the collar bone, a lead to the right atrium and one to the tip of the right ventricle.
    void pacemaker(Finding.Pacemaker pacemaker) {
        double s = pacemaker.side().sign();
        double x = s * 0.70 * thorax.anatomy.thoraxWidth();
        double y = 5.6;
        double blur = 1.5 * film.pixel;
        for (int row = 0; row < film.height; row++) {
            double py = film.y(row);
            for (int column = 0; column < film.width; column++) {
                double dx = (film.firstX(py) + column * film.pixel - x) / 2.35;
                double dy = (py - y) / 2.1;
                double inside = 1 - (dx * dx * dx * dx + dy * dy * dy * dy);
                metal[row * film.width + column] += (float) (9 * Soft.step(-blur, blur, inside)
                        + 6 * Soft.step(0.35 - blur, 0.35 + blur, inside));
            }
        }
        film.wire(metal, new double[][] {{x - s * 1.6, y - 2.4}, {x - s * 0.3, y - 2.4}}, 0.4, 6);
        double floor = thorax.domeTop(Side.LEFT);
        double[] vein = {s * 4.6, 2.4};
        double[] cava = {-1.9 + shift, 6.6};
        double[] entry = {s * 0.5 * (vein[0] * s + 1) - 0.6, 3.2};
        film.wire(metal, Curve.through(8, new double[] {x - s * 0.9, y - 2.5}, new double[] {s * 6.8, 2.1}, vein, entry,
                cava, new double[] {-2.7 + shift, 0.6 * floor}, new double[] {-3.0 + shift, 0.72 * floor},
                new double[] {-1.9 + shift, 0.76 * floor}, new double[] {-1.5 + shift, 0.70 * floor}), 0.10, METAL);
        film.wire(metal, Curve.through(8, new double[] {x - s * 1.0, y - 2.3}, new double[] {s * 6.6, 2.5},
                new double[] {vein[0], vein[1] + 0.3}, new double[] {entry[0], entry[1] + 0.3},
                new double[] {cava[0] + 0.2, cava[1]}, new double[] {-2.2 + shift, 0.62 * floor},
                new double[] {-0.2 + shift, 0.86 * floor}, new double[] {4.6 + shift, 0.93 * floor}), 0.10, METAL);
        film.wire(metal, new double[][] {{4.1 + shift, 0.925 * floor}, {4.8 + shift, 0.932 * floor}}, 0.17, METAL);
    }

    /// Down the gullet, then to the left into the stomach.
    void gastricTube() {
        double floor = thorax.domeTop(Side.LEFT);
        film.wire(metal, Curve.through(8, new double[] {0.9, -14}, new double[] {0.7, -2}, new double[] {0.9, 8},
                new double[] {1.1 + 0.6 * shift, 0.75 * floor}, new double[] {1.9, floor + 1},
                new double[] {4.4, floor + 3.6}, new double[] {7.6, floor + 4.6}), 0.12, METAL * 0.9);
    }

    private static double[][] moved(double[][] line, double dx) {
        double[][] copy = new double[line.length][];
        for (int i = 0; i < line.length; i++) {
            copy[i] = new double[] {line[i][0] + dx, line[i][1]};
        }
        return copy;
    }
}
