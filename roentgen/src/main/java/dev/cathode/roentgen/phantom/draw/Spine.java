package dev.cathode.roentgen.phantom.draw;

import dev.cathode.roentgen.phantom.Dice;

/// The spine in frontal view: bodies, discs, pedicles, spinous processes.
final class Spine {
    private static final double FIRST = -9;
    private static final int COUNT = 19;

    private Spine() { }

    static void draw(Film film, Thorax thorax, float[] bone) {
        Dice dice = Dice.of(thorax.anatomy.details(), 0x5b1);
        double scale = thorax.anatomy.lungHeight() / 21.3;
        double top = FIRST;
        for (int i = 0; i < COUNT; i++) {
            double height = scale * (1.75 + 0.06 * i);
            double gap = 0.32 + 0.012 * i;
            double half = 1.3 + 0.03 * i + dice.around(0, 0.03);
            vertebra(film, thorax, bone, top, height, half);
            top += height + gap;
        }
    }

    private static void vertebra(Film film, Thorax thorax, float[] bone, double top, double height, double half) {
        double middle = top + height / 2;
        double x = thorax.midline(middle);
        double blur = Math.max(0.12, 0.6 * film.pixel);
        int from = Math.max(0, (int) Math.floor(film.row(top - 0.5)));
        int to = Math.min(film.height - 1, (int) Math.ceil(film.row(top + height + 0.5)));
        for (int row = from; row <= to; row++) {
            double y = film.y(row);
            double v = Math.abs(y - middle) / (height / 2);
            double waist = half * (0.9 + 0.1 * v * v);
            double rows = Soft.step(height / 2 + blur, height / 2 - blur, Math.abs(y - middle));
            double plates = 0.55 * Math.exp(-Math.pow((Math.abs(y - middle) - height / 2 + 0.12) / 0.16, 2));
            int left = Math.max(0, (int) Math.floor(film.column(x - half - 0.5, y)));
            int right = Math.min(film.width - 1, (int) Math.ceil(film.column(x + half + 0.5, y)));
            for (int column = left; column <= right; column++) {
                double away = Math.abs(film.firstX(y) + column * film.pixel - x);
                double edge = Soft.step(waist + blur, waist - blur, away);
                double rim = 0.5 * Math.exp(-Math.pow((away - waist + 0.15) / 0.18, 2));
                bone[row * film.width + column] += (float) (rows * edge * (0.62 + 0.6 * plates + 0.45 * rim));
            }
        }
        for (int side = -1; side <= 1; side += 2) { // pedicles and transverse processes
            film.wire(bone, new double[][] {{x + side * 0.95, top + 0.45}, {x + side * 0.95, top + 0.85}}, 0.32, 0.8);
            film.wire(bone, new double[][] {{x + side * 1.2, top + 0.7}, {x + side * 2.7, top + 0.35}}, 0.3, 0.9);
        }
        double process = x - 2.5 * thorax.pose.yaw();
        film.wire(bone, new double[][] {{process, middle + 0.5}, {process, middle + 1.3}}, 0.28, 1.1);
    }
}
