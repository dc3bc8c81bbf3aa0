package dev.cathode.roentgen.phantom.draw;

import dev.cathode.roentgen.phantom.Anatomy;
import dev.cathode.roentgen.phantom.Dice;
import dev.cathode.roentgen.phantom.Finding;
import dev.cathode.roentgen.phantom.Pose;
import dev.cathode.roentgen.phantom.Side;
import dev.cathode.roentgen.phantom.View;
import java.util.List;

/// A side view: both lungs lie over each other.
final class LateralFilm {
    private final Film film;
    private final Profile profile;
    private final Thorax thorax;
    private final List<Finding> findings;
    private final LateralFindings changes;
    private final Texture texture;
    private final Ellipsoid[] heart;
    private final float[] density;
    private final float[] clear;

    LateralFilm(Film film, Anatomy anatomy, Pose pose, List<Finding> findings, long seed) {
        this.film = film;
        this.findings = findings;
        FrontalChanges shape = FrontalChanges.of(anatomy, View.LATERAL, findings);
        thorax = new Thorax(anatomy, pose, shape.raisedRight(), shape.raisedLeft());
        profile = new Profile(thorax);
        texture = new Texture(anatomy.details());
        changes = new LateralFindings(profile, findings, texture, film.pixel, seed);
        density = film.field();
        clear = film.field();
        double size = shape.heartRatio() / 0.44;
        double low = thorax.domeTop(Side.LEFT);
        heart = new Ellipsoid[] {
            new Ellipsoid(-4.9 + 0.7 * (size - 1), low - 4.0 * size, 6.2 * size, 4.7 * size, 2.25, 11 * size),
            new Ellipsoid(-0.9 + 1.4 * (size - 1), low - 6.8 * size, 3.7 * size, 3.6 * size, 0, 7),
            new Ellipsoid(-0.8, 8.6, 2.3 + 0.7 * shape.widening(), 3.9, 0.3, 5 + shape.widening()),
            new Ellipsoid(1.6, 0.48 * low, 1.9, 2.1, 0, 5)};
    }

    float[] draw() {
        softTissue();
        bones();
        vessels();
        if (changes.hasBands()) {
            float[] field = film.field();
            changes.bands(film, field);
            add(field);
        }
        float[] metal = film.field();
        devices(metal);
        Marker.draw(film, metal);
        add(metal);
        return density;
    }

    private void softTissue() {
        double blur = 0.5 * film.pixel;
        Dice dice = Dice.of(thorax.anatomy.details(), 0x6a6);
        double low = thorax.domeTop(Side.LEFT);
        double gasX = dice.between(-4, 0);
        Ellipsoid gas = new Ellipsoid(gasX, profile.dome(Side.LEFT, gasX) + 2, 2.6, 1.6, 0, dice.between(4, 7));
        Ellipsoid breast = new Ellipsoid(profile.sternum(13) - 0.5, 0.74 * low, 5, 5.6, 0.15, 4.5);
        for (int row = 0; row < film.height; row++) {
            double y = film.y(row);
            double first = film.firstX(y);
            for (int column = 0; column < film.width; column++) {
                double x = first + column * film.pixel;
                int at = row * film.width + column;
                double body = profile.water(x, y);
                double water = body * (1 + 0.012 * texture.at(x, y, 2.5));
                if (thorax.anatomy.female()) {
                    water += breast.chord(x, y, 0.05);
                }
                double spared = 0;
                double solid = solid(x, y, blur);
                for (Side side : Side.values()) {
                    double air = profile.air(side, x, y, blur);
                    if (air > 0) {
                        double left = Math.max(0, air - solid / 2);
                        double fill = changes.fill(side, x, y);
                        left = Math.max(0, left * (1 - fill) - changes.lesion(side, x, y, blur));
                        double mottle = 1 + 0.1 * texture.cloud(x + 9 * side.sign(), y, 1.2, film.pixel);
                        double inLung = changes.lung(side, x, y);
                        spared += left * (1 - thorax.anatomy.lungDensity() * mottle * (0.15 + 0.85 * inLung));
                        clear[at] += (float) (0.5 * inLung * (1 - fill) * Math.min(1, left / 3));
                    }
                }
                water -= Math.min(spared, 0.82 * body) + gas.chord(x, y, 0.05 + blur / 2);
                density[at] = (float) Math.max(0, water);
            }
        }
    }

    private double solid(double x, double y, double blur) {
        double sum = 0;
        for (Ellipsoid part : heart) {
            double chord = part.chord(x, y, 0.03 + blur / 4);
            sum += chord * chord * chord;
        }
        return Math.cbrt(sum);
    }

    private void bones() {
        float[] bone = film.field();
        vertebrae(bone);
        int n = 30;
        double[][] sternum = new double[n][];
        for (int i = 0; i < n; i++) {
            double y = 3.2 + 15.5 * i / (n - 1.0);
            sternum[i] = new double[] {profile.sternum(y) - 0.2, y};
        }
        film.wire(bone, sternum, 0.5, 1.6);
        for (Side side : Side.values()) {
            for (int number = 1; number <= Ribs.count(); number++) {
                rib(bone, Ribs.rib(thorax, side, number, false));
            }
            double out = side.sign() * 0.7;
            film.wire(bone, Curve.through(6, new double[] {4.2 + out, 0}, new double[] {6.8 + out, 6},
                    new double[] {7.3 + out, 11.5}), 0.28, 1.6);
            film.wire(bone, new double[][] {{-3 + out, -1}, {-6 + out, -14}}, 1.1, 0.5);
        }
        add(bone);
    }

    private void rib(float[] bone, Ribs.Rib rib) {
        int n = rib.x().length;
        double[] x = new double[n];
        double[] weight = new double[n];
        for (int i = 0; i < n; i++) {
            // hoops of the frontal view, bent to the profile's back and breast bone
            double t = (1 - rib.z()[i] / rib.z()[0]) / 2;
            double rear = profile.back(rib.y()[i]) + 0.3;
            double front = profile.sternum(rib.y()[i]) + 0.4;
            x[i] = rear + (front - rear) * Math.clamp(t, 0, 1);
            weight[i] = Math.min(1, (n - 1 - i) / 5.0) * (1 + 0.6 * Math.exp(-i / 4.0));
        }
        film.tube(bone, x, rib.y(), rib.radius(), weight, new Film.Tube(0.62, 1.0));
    }

    private void vertebrae(float[] bone) {
        double scale = thorax.anatomy.lungHeight() / 21.3;
        double top = -9;
        for (int i = 0; i < 19; i++) {
            double high = scale * (1.75 + 0.06 * i);
            double gap = 0.32 + 0.012 * i;
            double half = 1.25 + 0.03 * i;
            double middle = top + high / 2;
            double lean = (profile.spine(middle + 1) - profile.spine(middle - 1)) / 2;
            body(bone, profile.spine(middle), middle, half, high / 2, lean);
            double x = profile.spine(middle) + half + 0.7;
            film.wire(bone, new double[][] {{x, middle}, {x + 1.2, middle + 0.9}, {x + 2.2, middle + 2.1}}, 0.34, 0.9);
            top += high + gap;
        }
    }

    private void body(float[] bone, double cx, double cy, double half, double high, double lean) {
        double blur = Math.max(0.1, 0.6 * film.pixel);
        int from = Math.max(0, (int) film.row(cy - high - 1.5));
        int to = Math.min(film.height - 1, (int) film.row(cy + high + 1.5));
        for (int row = from; row <= to; row++) {
            double y = film.y(row);
            int left = Math.max(0, (int) film.column(cx - half - 1, y));
            int right = Math.min(film.width - 1, (int) film.column(cx + half + 1, y));
            for (int column = left; column <= right; column++) {
                double x = film.firstX(y) + column * film.pixel - cx;
                double u = Math.abs(x - lean * (y - cy));
                double v = Math.abs(y - cy + lean * x);
                double shape = Soft.step(half + blur, half - blur, u) * Soft.step(high + blur, high - blur, v);
                double rim = Math.exp(-Math.pow((v - high + 0.12) / 0.15, 2))
                        + 0.7 * Math.exp(-Math.pow((u - half + 0.12) / 0.15, 2));
                bone[row * film.width + column] += (float) (shape * (1.9 + 1.1 * rim));
            }
        }
    }

    private void vessels() {
        float[] field = film.field();
        for (Side side : Side.values()) {
            Dice dice = Dice.of(thorax.anatomy.details(), 0x1a7, side.sign());
            double x = 1.6 + 0.5 * side.sign();
            double y = 0.47 * thorax.domeTop(Side.RIGHT);
            for (int i = 0; i < 15; i++) {
                double angle = 2 * Math.PI * i / 15 + dice.around(0, 0.2);
                double length = dice.between(5, 10);
                double[][] line = Curve.through(6, new double[] {x, y},
                        new double[] {x + 0.5 * length * Math.cos(angle), y + 0.5 * length * Math.sin(angle)},
                        new double[] {x + length * Math.cos(angle + 0.2), y + length * Math.sin(angle + 0.2)});
                double[] xs = new double[line.length];
                double[] ys = new double[line.length];
                double[] radii = new double[line.length];
                double[] weight = new double[line.length];
                for (int k = 0; k < line.length; k++) {
                    double t = (double) k / (line.length - 1);
                    xs[k] = line[k][0];
                    ys[k] = line[k][1];
                    radii[k] = 0.34 * (1 - 0.8 * t);
                    weight[k] = Math.min(1, 3 * t) * (1 - 0.3 * t);
                }
                film.tube(field, xs, ys, radii, weight, new Film.Tube(0, 2.2));
            }
        }
        float[] air = film.field();
        film.wire(air, trachea(), 0.85, 1.5);
        for (int i = 0; i < density.length; i++) {
            density[i] = Math.max(0, density[i] + field[i] * clear[i] - Math.min(air[i], 3));
        }
    }

    private double[][] trachea() {
        double carina = 0.4 * thorax.domeTop(Side.RIGHT);
        return Curve.through(6, new double[] {-1, -12}, new double[] {-0.4, -3}, new double[] {0.6, carina * 0.5},
                new double[] {1.5, carina + 0.8});
    }

    private void devices(float[] metal) {
        double low = thorax.domeTop(Side.LEFT);
        for (Finding finding : findings) {
            switch (finding) {
                case Finding.EndotrachealTube _ -> film.wire(metal, Curve.through(6, new double[] {-1, -12},
                        new double[] {-0.4, -3}, new double[] {0.5, 0.22 * low}), 0.16, 12);
                case Finding.CentralLine _ -> film.wire(metal, Curve.through(6, new double[] {-1.5, -9},
                        new double[] {-2.2, 0}, new double[] {-1.4, 6}, new double[] {-1.2, 0.52 * low}), 0.125, 14);
                case Finding.GastricTube _ -> film.wire(metal, Curve.through(6, new double[] {0.3, -12},
                        new double[] {1.8, 0}, new double[] {3, 0.6 * low}, new double[] {1.6, low + 1.5},
                        new double[] {-2.5, low + 4}), 0.12, 13);
                case Finding.Pacemaker _ -> {
                    double x = profile.sternum(5) - 1.2;
                    film.wire(metal, new double[][] {{x + 0.3, 3.4}, {x - 0.5, 6.8}}, 0.5, 22);
                    film.wire(metal, Curve.through(8, new double[] {x + 0.3, 3.2}, new double[] {-2.5, 1.6},
                            new double[] {-1.3, 6}, new double[] {-1.6, 0.66 * low}, new double[] {-4.6, 0.82 * low},
                            new double[] {-7.6, 0.88 * low}), 0.1, 14);
                }
                default -> { }
            }
        }
    }

    private void add(float[] field) {
        for (int i = 0; i < density.length; i++) {
            density[i] += field[i];
        }
    }
}
