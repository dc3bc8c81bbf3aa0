package dev.cathode.roentgen.phantom.draw;

import dev.cathode.roentgen.phantom.Pose;
import dev.cathode.roentgen.phantom.View;
import java.util.SplittableRandom;

/// Turns what rays met into gray: the film's curve, quantum noise, and the fall of the beam towards the corners.
final class Exposure {
    private Exposure() { }

    /// @param density water equivalents in centimetres, one for each pixel
    static byte[] develop(Film film, float[] density, View view, double depth, Pose pose) {
        SplittableRandom random = new SplittableRandom(pose.seed());
        double centre = (view.frontal() ? 14.6 : 18.5) * depth / 21.5 - pose.exposure();
        double width = (view.frontal() ? 4.5 : 5.2) / pose.contrast();
        double grain = pose.noise() * 0.0055 * 0.0742 / film.pixel; // at 0.0742 cm a pixel (512 pixels of 38 cm)
        byte[] gray = new byte[density.length];
        for (int row = 0; row < film.height; row++) {
            double v = (2.0 * row / (film.height - 1)) - 1;
            for (int column = 0; column < film.width; column++) {
                double u = (2.0 * column / (film.width - 1)) - 1;
                int at = row * film.width + column;
                double vignette = 0.5 * (u * u + v * v) * (u * u + v * v) / 4;
                double tone = 1 / (1 + Math.exp(-(density[at] - vignette - centre) / width));
                tone *= shutter(film, pose, column, row);
                double noise = grain * (1 + 1.2 * tone) * (random.nextDouble() + random.nextDouble() - 1) * 2.4;
                gray[at] = (byte) Math.rint(255 * Math.clamp(0.985 * (tone - 0.035) / 0.94 + 0.012 + noise, 0, 1));
            }
        }
        return gray;
    }

    /// 0 behind the shutters that narrow the beam, 1 between them.
    private static double shutter(Film film, Pose pose, int column, int row) {
        double side = (Math.min(column, film.width - 1 - column) + 0.5) * film.pixel;
        double end = (Math.min(row, film.height - 1 - row) + 0.5) * film.pixel;
        return Soft.step(-0.08, 0.08, side - pose.shutterX()) * Soft.step(-0.08, 0.08, end - pose.shutterY());
    }
}
