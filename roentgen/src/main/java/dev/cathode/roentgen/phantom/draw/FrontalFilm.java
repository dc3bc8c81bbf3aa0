package dev.cathode.roentgen.phantom.draw;

import dev.cathode.roentgen.phantom.Anatomy;
import dev.cathode.roentgen.phantom.Finding;
import dev.cathode.roentgen.phantom.Pose;
import dev.cathode.roentgen.phantom.Side;
import dev.cathode.roentgen.phantom.Size;
import dev.cathode.roentgen.phantom.View;
import java.util.ArrayList;
import java.util.List;

/// A frontal film: what each ray meets on its way through the chest.
final class FrontalFilm {
    private final Film film;
    private final View view;
    private final Thorax thorax;
    private final List<Finding> findings;
    private final long seed;
    private final Texture texture;
    private final Heart heart;
    private final double shift;
    private final AirSpace[] airSpaces = new AirSpace[2];
    private final List<Opacity> opacities = new ArrayList<>();
    private final List<Ellipsoid[]> lesions = new ArrayList<>();
    private double fullness = 1;

    /// What rays met, in centimetres of water.
    private final float[] density;
    /// How much healthy lung there is for vessels to show in, 0 to 1.
    private final float[] clear;

    /// @param seed of the findings' places
    FrontalFilm(Film film, View view, Anatomy anatomy, Pose pose, List<Finding> findings, long seed) {
        this.film = film;
        this.view = view;
        this.findings = findings;
        this.seed = seed;
        density = film.field();
        clear = film.field();
        texture = new Texture(anatomy.details());
        FrontalChanges changes = FrontalChanges.of(anatomy, view, findings);
        shift = changes.shift();
        thorax = new Thorax(anatomy, pose, changes.raisedRight(), changes.raisedLeft());
        heart = new Heart(anatomy, changes.heartRatio(), shift + 4 * pose.yaw(), changes.widening(),
                anatomy.lungHeight() * pose.breath() + 0.7 * anatomy.domeStep());
        collect();
    }

    private void collect() {
        for (Finding finding : findings) {
            switch (finding) {
                case Finding.Effusion f -> opacities.add((side, away, y) -> side == f.side()
                        ? Effusions.fill(thorax, f, away, y) : 0);
                case Finding.Pneumothorax f -> airSpaces[index(f.side())] = new AirSpace(thorax, f, seed);
                case Finding.Edema f -> {
                    opacities.add(Opacity.edema(thorax, f, texture, film.pixel));
                    fullness = f.size() == Size.SMALL ? 1.5 : 1.7;
                }
                case Finding.Consolidation f -> opacities.add(Opacity.consolidation(thorax, f, texture, film.pixel));
                case Finding.Pneumonia f -> opacities.add(Opacity.pneumonia(thorax, f, texture, film.pixel, seed));
                case Finding.PleuralThickening f -> opacities.add(Opacity.thickening(thorax, f, texture));
                case Finding.Lesion f -> lesions.add(Solids.lesion(thorax, f, seed));
                case Finding.Cardiomegaly _, Finding.WideMediastinum _ -> { } // the shape of the heart
                case Finding.Atelectasis _, Finding.RibFracture _, Finding.ClavicleFracture _ -> { } // lines and bones
                case Finding.EndotrachealTube _, Finding.CentralLine _, Finding.Pacemaker _, Finding.GastricTube _ ->
                        { } // lead and plastic
            }
        }
    }

    private static int index(Side side) {
        return side == Side.RIGHT ? 0 : 1;
    }

    /// Draws everything.
    float[] draw() {
        softTissue();
        bones();
        vessels();
        airways();
        pleura();
        devices();
        return density;
    }

    private void softTissue() {
        Trunk trunk = new Trunk(thorax);
        StomachBubble bubble = new StomachBubble(thorax);
        double blur = 0.5 * film.pixel;
        for (int row = 0; row < film.height; row++) {
            double y = film.y(row);
            double midline = thorax.midline(y) * 0.4;
            double first = film.firstX(y);
            double half = trunk.half(y);
            Thorax.Level level = thorax.level(y);
            for (int column = 0; column < film.width; column++) {
                double x = first + column * film.pixel;
                int at = row * film.width + column;
                double body = trunk.water(half, x, y);
                double water = body * (1 + 0.012 * texture.at(x, y, 2.5) + 0.02 * texture.at(y, x, 6));
                Side side = x - midline < 0 ? Side.RIGHT : Side.LEFT;
                double away = Math.abs(x - midline);
                water -= bubble.air(x, y, blur);
                double air = Math.min(thorax.air(level, side, away, blur), 0.86 * body);
                if (air > 0) {
                    water -= lung(at, level, side, x, away, air, blur);
                }
                density[at] = (float) Math.max(0, water);
            }
        }
    }

    /// The water that a ray is spared by a lung's air; notes how much of it is clear.
    private double lung(int at, Thorax.Level level, Side side, double x, double away, double air, double blur) {
        double y = level.y();
        double left = air;
        double solid = heart.thickness(x, y, 0.03 + blur / 4);
        left = Math.max(0, left - solid);
        double clearness = 1;
        for (Opacity opacity : opacities) {
            double fill = opacity.fill(side, away, y);
            left *= 1 - fill;
            clearness *= 1 - fill;
        }
        for (Ellipsoid[] lesion : lesions) {
            left = Math.max(0, left - Solids.chord(lesion, x, y, 0.04 + blur / 2));
        }
        double mottle = 1 + 0.10 * texture.cloud(x, y, 1.1, film.pixel);
        double share = thorax.anatomy.lungDensity() * mottle;
        AirSpace space = airSpaces[index(side)];
        double inLung = space == null ? 1 : space.lung(away, y, blur);
        if (space != null) {
            share = inLung * Math.min(0.75, share * space.density) + (1 - inLung) * 0.02;
        }
        clear[at] = (float) (thorax.inside(level, side, away) * clearness * inLung * Math.min(1, left / 3));
        return left * (1 - share);
    }

    private void bones() {
        float[] bone = film.field();
        Side clavicle = null;
        for (Finding finding : findings) {
            if (finding instanceof Finding.ClavicleFracture(Side side)) {
                clavicle = side;
            }
        }
        Spine.draw(film, thorax, bone);
        Girdle.draw(film, thorax, bone, view == View.AP, clavicle);
        Ribs.frontal(film, thorax, bone, (side, number) -> findings.stream().anyMatch(finding ->
                finding instanceof Finding.RibFracture f && f.side() == side
                        && (f.rib() == number || f.rib() + 1 == number)));
        add(bone, 1);
    }

    private void vessels() {
        float[] field = film.field();
        Vessels vessels = new Vessels(film, thorax, field, fullness);
        for (Side side : Side.values()) {
            AirSpace space = airSpaces[index(side)];
            vessels.draw(side, space == null ? 0 : space.squeeze, 0.7 * shift);
        }
        for (int i = 0; i < density.length; i++) {
            density[i] += field[i] * clear[i] * (float) (1 - thorax.anatomy.lungDensity());
        }
    }

    private void airways() {
        float[] air = film.field();
        Airway.draw(film, thorax, air, shift);
        for (int i = 0; i < density.length; i++) {
            density[i] = Math.max(0, density[i] - 1.5f * (1 - clear[i]) * Math.min(air[i], 1.7f));
        }
    }

    private void pleura() {
        float[] field = film.field();
        for (Finding finding : findings) {
            switch (finding) {
                case Finding.Atelectasis f -> Solids.bands(film, thorax, field, f, seed);
                case Finding.Edema f when f.size() != Size.LARGE -> Solids.septa(film, thorax, field, seed);
                default -> { }
            }
        }
        for (AirSpace space : airSpaces) {
            if (space != null) {
                space.line(film, field);
            }
        }
        add(field, 1);
    }

    private void devices() {
        float[] metal = film.field();
        Devices devices = new Devices(film, thorax, metal, shift, seed);
        for (Finding finding : findings) {
            switch (finding) {
                case Finding.EndotrachealTube _ -> devices.endotrachealTube();
                case Finding.CentralLine f -> devices.centralLine(f);
                case Finding.Pacemaker f -> devices.pacemaker(f);
                case Finding.GastricTube _ -> devices.gastricTube();
                default -> { }
            }
        }
        Marker.draw(film, metal);
        add(metal, 1);
    }

    private void add(float[] field, float amount) {
        for (int i = 0; i < density.length; i++) {
            density[i] += amount * field[i];
        }
    }
}
