package dev.cathode.roentgen.phantom.draw;

import dev.cathode.roentgen.phantom.Dice;
import dev.cathode.roentgen.phantom.Side;
import java.util.Arrays;

/// The ribs: hoops from the spine around the lungs, falling towards the front. In both views they are the same hoops.
final class Ribs {
    private static final int COUNT = 12;
    private static final int STEPS = 44;
    private static final double SPINE_END = 0.045 * Math.PI;

    private Ribs() { }

    /// A rib as points in the body: `x` to the left of the midline, `y` down, `z` to the back.
    ///
    /// @param brokenAt index of the point at which it is broken, -1 if it is whole
    record Rib(double[] x, double[] y, double[] z, double[] radius, int brokenAt) { }

    /// Rib `number` from 1 of a side.
    static Rib rib(Thorax thorax, Side side, int number, boolean broken) {
        Dice dice = Dice.of(thorax.anatomy.details(), 0x51b, side.sign(), number);
        double breath = thorax.pose.breath();
        double spacing = thorax.anatomy.lungHeight() / 21.3 * (2.02 + 0.012 * number);
        double start = -0.9 + spacing * (number - 1) + dice.around(0, 0.09);
        double drop = thorax.anatomy.ribDrop() * (number == 1 ? 5.2 : 5.2 + 0.5 * Math.min(number, 8))
                * (1.35 - 0.35 * breath);
        double end = switch (number) {
            case 1 -> 0.84;
            case 11 -> 0.52;
            case 12 -> 0.3;
            default -> 0.80 - 0.008 * number;
        } * Math.PI;
        double thick = (number < 3 ? 0.56 : 0.62) * (thorax.anatomy.female() ? 0.92 : 1) + dice.around(0, 0.03);
        int breakPoint = broken ? STEPS * 38 / 100 : -1;
        double[] x = new double[STEPS];
        double[] y = new double[STEPS];
        double[] z = new double[STEPS];
        double[] radius = new double[STEPS];
        double back = 0.42 * thorax.anatomy.depth();
        for (int i = 0; i < STEPS; i++) {
            double phi = SPINE_END + (end - SPINE_END) * i / (STEPS - 1);
            double around = (1 - Math.cos(phi)) / 2;
            y[i] = start - 0.75 * Math.sin(Math.min(1, phi / 0.9) * Math.PI) * 0.6 + drop * Math.pow(around, 0.92);
            double reach = (number == 1 ? 0.86 : 1) * thorax.wall(Math.max(0.55, y[i])) + 0.25;
            double sine = Math.sin(phi);
            x[i] = side.sign() * reach * (phi < Math.PI / 2 ? Math.pow(sine, 0.92) : Math.pow(sine, 0.75));
            z[i] = back * Math.cos(phi) * (number < 3 ? 0.6 : 1);
            radius[i] = thick * (1 + 0.12 * Math.max(0, phi - Math.PI / 2));
            if (broken && i >= breakPoint) {
                double fade = Math.exp(-(i - breakPoint) / 9.0);
                y[i] += 1.5 * fade;
                x[i] -= side.sign() * 0.6 * fade;
            }
        }
        return new Rib(x, y, z, radius, breakPoint);
    }

    static int count() {
        return COUNT;
    }

    /// Adds both sides' ribs to the bone of a frontal film.
    ///
    /// @param broken whether rib `number` of a side is broken
    static void frontal(Film film, Thorax thorax, float[] bone, Broken broken) {
        double yaw = thorax.pose.yaw();
        for (Side side : Side.values()) {
            for (int number = 1; number <= COUNT; number++) {
                Rib rib = rib(thorax, side, number, broken.test(side, number));
                double[] x = new double[STEPS];
                double[] weight = new double[STEPS];
                for (int i = 0; i < STEPS; i++) {
                    x[i] = thorax.midline(rib.y[i]) * (rib.z[i] > 0 ? 1 : 0.2) + rib.x[i] - yaw * rib.z[i];
                    int a = Math.max(0, i - 1);
                    int b = Math.min(STEPS - 1, i + 1);
                    double flat = Math.hypot(rib.x[b] - rib.x[a], rib.y[b] - rib.y[a]);
                    double deep = rib.z[b] - rib.z[a];
                    double front = rib.z[i] < 0 ? 0.6 : 1; // the front ends are thinner and fade into cartilage
                    double fade = Math.min(1, (STEPS - 1 - i) / 4.0);
                    weight[i] = Math.min(1.7, Math.hypot(flat, deep) / Math.max(1e-6, flat)) * front * fade;
                }
                draw(film, bone, x, rib, weight);
            }
        }
    }

    /// Back and front cross each other, so each is a tube of its own; a broken rib has a gap.
    private static void draw(Film film, float[] bone, double[] x, Rib rib, double[] weight) {
        int turn = 0;
        while (turn < STEPS - 1 && rib.z[turn] > 0) {
            turn++;
        }
        Film.Tube tube = new Film.Tube(0.62, 1.25);
        if (rib.brokenAt < 0) {
            part(film, bone, x, rib, weight, 0, turn, tube);
            part(film, bone, x, rib, fadedIn(weight, turn), turn, STEPS - 1, tube);
        } else {
            Film.Tube end = new Film.Tube(0, 1.0);
            part(film, bone, x, rib, weight, 0, rib.brokenAt - 2, tube);
            part(film, bone, x, rib, weight, rib.brokenAt - 5, rib.brokenAt - 2, end);
            part(film, bone, x, rib, weight, rib.brokenAt, rib.brokenAt + 3, end);
            part(film, bone, x, rib, weight, rib.brokenAt, Math.max(turn, rib.brokenAt + 3), tube);
            part(film, bone, x, rib, fadedIn(weight, Math.max(turn, rib.brokenAt + 3)),
                    Math.max(turn, rib.brokenAt + 3), STEPS - 1, tube);
        }
    }

    private static void part(Film film, float[] bone, double[] x, Rib rib, double[] weight, int from, int to,
            Film.Tube tube) {
        film.tube(bone, cut(x, from, to), cut(rib.y, from, to), cut(rib.radius, from, to), cut(weight, from, to),
                tube);
    }

    /// The front part begins under the back part's end.
    private static double[] fadedIn(double[] weight, int from) {
        double[] faded = weight.clone();
        for (int i = 0; i < 5 && from + i < faded.length; i++) {
            faded[from + i] *= i / 5.0;
        }
        return faded;
    }

    private static double[] cut(double[] values, int from, int to) {
        return Arrays.copyOfRange(values, from, to + 1);
    }

    /// Which ribs are broken.
    interface Broken {
        boolean test(Side side, int number);
    }
}
