package dev.cathode.roentgen.phantom.draw;

import dev.cathode.roentgen.phantom.Dice;

/// Irregularity: smooth noise in the body's coordinates, so that it stays where it is at any size of the film.
final class Texture {
    private static final int SIZE = 64;
    private final float[] lattice = new float[SIZE * SIZE];

    Texture(long seed) {
        Dice dice = Dice.of(seed, 0x7e);
        for (int i = 0; i < lattice.length; i++) {
            lattice[i] = (float) dice.between(-1, 1);
        }
    }

    /// Noise between -1 and 1 whose bumps are about `scale` centimetres wide.
    double at(double x, double y, double scale) {
        double u = x / scale + 4096;
        double v = y / scale + 4096;
        int column = (int) u;
        int row = (int) v;
        double s = u - column;
        double t = v - row;
        s = s * s * (3 - 2 * s);
        t = t * t * (3 - 2 * t);
        double top = corner(column, row) * (1 - s) + corner(column + 1, row) * s;
        double bottom = corner(column, row + 1) * (1 - s) + corner(column + 1, row + 1) * s;
        return top * (1 - t) + bottom * t;
    }

    private double corner(int column, int row) {
        return lattice[(row & (SIZE - 1)) * SIZE + (column & (SIZE - 1))];
    }

    /// Bumps of several sizes, the smaller the flatter; bumps too small for the pixels are left out.
    double cloud(double x, double y, double scale, double pixel) {
        double sum = 0;
        double weight = 1;
        double total = 0;
        double size = scale;
        for (int octave = 0; octave < 4 && size > 1.5 * pixel; octave++) {
            sum += weight * at(x + 17 * octave, y - 31 * octave, size);
            total += weight;
            weight *= 0.55;
            size *= 0.5;
        }
        return total == 0 ? 0 : sum / total;
    }
}
