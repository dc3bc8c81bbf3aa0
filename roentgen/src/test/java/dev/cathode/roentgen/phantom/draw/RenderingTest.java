package dev.cathode.roentgen.phantom.draw;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.engine.image.Resampling;
import dev.cathode.roentgen.phantom.Certainty;
import dev.cathode.roentgen.phantom.Finding;
import dev.cathode.roentgen.phantom.Lobe;
import dev.cathode.roentgen.phantom.Observation;
import dev.cathode.roentgen.phantom.Phantom;
import dev.cathode.roentgen.phantom.Side;
import dev.cathode.roentgen.phantom.Size;
import dev.cathode.roentgen.phantom.View;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RenderingTest {
    private static final int SIZE = 128;
    private static final int PATIENTS = 12;

    /// A film of a patient with these findings and no others.
    private static GrayImage film(int patient, View view, Finding... findings) {
        Phantom p = Phantom.of(77, patient * 16L, EnumSet.of(view));
        List<Observation> observations = Arrays.stream(findings)
                .map(finding -> new Observation(finding, Certainty.PRESENT, true)).toList();
        Phantom with = new Phantom(p.seed(), p.index(), p.subjectId(), p.studyId(), p.date(), p.time(), p.anatomy(),
                p.radiographs(), observations, p.impression(), p.report(), p.labels(), p.split());
        return PhantomRenderer.render(with, with.radiographs().getFirst(), SIZE, SIZE);
    }

    /// The mean brightness of the lungs' part of a half; the patient's right is the picture's left.
    private static double lung(GrayImage film, Side side, double top, double bottom) {
        int from = side == Side.RIGHT ? 20 : 74;
        return film.mean(from, (int) (top * SIZE), from + 34, (int) (bottom * SIZE));
    }

    @Test
    void theSameFilmIsTheSameBytes() {
        Phantom phantom = Phantom.of(5, 3);
        List<GrayImage> films = IntStream.range(0, 4).parallel()
                .mapToObj(i -> PhantomRenderer.render(phantom, phantom.radiographs().getFirst(), 96, 112)).toList();
        assertEquals(1, films.stream().distinct().count());
        assertNotEquals(films.getFirst(), PhantomRenderer.render(Phantom.of(5, 4),
                Phantom.of(5, 4).radiographs().getFirst(), 96, 112));
        assertThrows(IllegalArgumentException.class,
                () -> PhantomRenderer.render(phantom, phantom.radiographs().getFirst(), 8, 8));
    }

    @Test
    void anatomyDoesNotDependOnTheSize() {
        for (int i = 0; i < 6; i++) {
            Phantom phantom = Phantom.of(6, i);
            GrayImage small = PhantomRenderer.render(phantom, phantom.radiographs().getFirst(), SIZE, SIZE);
            GrayImage large = PhantomRenderer.render(phantom, phantom.radiographs().getFirst(), 3 * SIZE, 3 * SIZE);
            byte[] shrunk = Resampling.BILINEAR.resize(large.pixels(), 3 * SIZE, 3 * SIZE, 1, SIZE, SIZE);
            double difference = 0;
            for (int at = 0; at < shrunk.length; at++) {
                difference += Math.abs((shrunk[at] & 0xff) - (small.pixels()[at] & 0xff));
            }
            assertTrue(difference / shrunk.length < 5, phantom.impression() + ": " + difference / shrunk.length);
        }
    }

    @Test
    void effusionsWhitenTheirSide() {
        for (int patient = 0; patient < PATIENTS; patient++) {
            GrayImage healthy = film(patient, View.PA);
            for (Side side : Side.values()) {
                double before = 0;
                for (Size size : Size.values()) {
                    GrayImage sick = film(patient, View.PA, new Finding.Effusion(side, size));
                    double change = lung(sick, side, 0.4, 0.9) - lung(healthy, side, 0.4, 0.9);
                    double other = lung(sick, side.opposite(), 0.4, 0.9) - lung(healthy, side.opposite(), 0.4, 0.9);
                    assertTrue(change > before + 3 && change > Math.abs(other) + 3,
                            side + " " + size + ": " + change + " against " + other);
                    before = change;
                }
            }
        }
    }

    @Test
    void airDarkensItsSide() {
        for (int patient = 0; patient < PATIENTS; patient++) {
            GrayImage healthy = film(patient, View.PA);
            for (Side side : Side.values()) {
                GrayImage sick = film(patient, View.PA, new Finding.Pneumothorax(side, Size.LARGE, true));
                int from = side == Side.RIGHT ? 24 : 94;
                double change = sick.mean(from, 40, from + 10, 80) - healthy.mean(from, 40, from + 10, 80);
                int mirrored = SIZE - from - 10;
                double other = sick.mean(mirrored, 40, mirrored + 10, 80)
                        - healthy.mean(mirrored, 40, mirrored + 10, 80);
                assertTrue(change < -8 && change < other - 8, side + ": " + change + " against " + other);
            }
        }
    }

    @Test
    void enlargedHeartsAreWider() {
        for (int patient = 0; patient < PATIENTS; patient++) {
            double healthy = heartWidth(film(patient, View.PA));
            double mild = heartWidth(film(patient, View.PA, new Finding.Cardiomegaly(Size.SMALL)));
            double severe = heartWidth(film(patient, View.PA, new Finding.Cardiomegaly(Size.LARGE)));
            assertTrue(healthy < 0.53 && mild > healthy + 0.04 && severe > mild + 0.04 && severe > 0.6,
                    healthy + " " + mild + " " + severe);
        }
    }

    /// The cardiothoracic ratio, measured on the picture: among the rows above the diaphragm the widest bright stretch
    /// around the middle, over the distance between the bright chest walls.
    private static double heartWidth(GrayImage film) {
        double widest = 0;
        double chest = 0;
        for (int y = 60; y < 84; y++) {
            double[] row = new double[SIZE];
            for (int x = 1; x < SIZE - 1; x++) {
                row[x] = film.mean(x - 1, y - 1, x + 2, y + 2);
            }
            double dark = Arrays.stream(row, 20, 108).min().orElseThrow();
            double bright = Arrays.stream(row, 54, 74).max().orElseThrow();
            double border = (dark + bright) / 2;
            int left = 62;
            int right = 66;
            while (left > 16 && row[left] > border) {
                left--;
            }
            while (right < 112 && row[right] > border) {
                right++;
            }
            if (left > 20 && right < 108) { // rows through the diaphragm are bright from wall to wall
                widest = Math.max(widest, right - left);
            }
            chest = Math.max(chest, wall(row, 1) - wall(row, -1));
        }
        return widest / chest;
    }

    /// Where the lung is darkest near the side, then outwards to the brightest point: the wall.
    private static int wall(double[] row, int step) {
        int best = 64 + 40 * step;
        for (int x = 64 + 34 * step; x > 8 && x < 120; x += step) {
            if (row[x] > row[best]) {
                best = x;
            }
        }
        return best;
    }

    @Test
    void everyFindingShowsInFrontalFilms() {
        List<Finding> all = List.of(new Finding.WideMediastinum(), new Finding.Edema(Size.SMALL),
                new Finding.Consolidation(Lobe.RIGHT_UPPER), new Finding.Consolidation(Lobe.RIGHT_MIDDLE),
                new Finding.Consolidation(Lobe.RIGHT_LOWER), new Finding.Consolidation(Lobe.LEFT_UPPER),
                new Finding.Consolidation(Lobe.LINGULA), new Finding.Consolidation(Lobe.LEFT_LOWER),
                new Finding.Pneumonia(Lobe.RIGHT_LOWER), new Finding.Pneumonia(Lobe.LINGULA),
                new Finding.Atelectasis(Side.LEFT), new Finding.Atelectasis(Side.RIGHT),
                new Finding.Lesion(Lobe.RIGHT_UPPER, false), new Finding.Lesion(Lobe.LEFT_LOWER, true),
                new Finding.RibFracture(Side.LEFT, 6), new Finding.ClavicleFracture(Side.RIGHT),
                new Finding.PleuralThickening(Side.LEFT), new Finding.EndotrachealTube(), new Finding.GastricTube(),
                new Finding.CentralLine(Side.RIGHT, false), new Finding.CentralLine(Side.LEFT, true),
                new Finding.Pacemaker(Side.LEFT), new Finding.Pneumothorax(Side.RIGHT, Size.SMALL, false));
        for (View view : List.of(View.PA, View.AP)) {
            GrayImage healthy = film(1, view);
            for (Finding finding : all) {
                double[] change = change(healthy, film(1, view, finding));
                assertTrue(change[0] > 16, view + " " + finding + " changes no pixel by more than " + change[0]);
                Side side = side(finding);
                if (side != null) {
                    assertTrue(side == Side.RIGHT ? change[1] > 1.5 * change[2] : change[2] > 1.5 * change[1],
                            view + " " + finding + " is on the wrong side: " + Arrays.toString(change));
                }
            }
        }
    }

    private static Side side(Finding finding) {
        return switch (finding) {
            case Finding.Consolidation f -> f.lobe().side();
            case Finding.Pneumonia f -> f.lobe().side();
            case Finding.Lesion f -> f.lobe().side();
            case Finding.RibFracture f -> f.side();
            case Finding.ClavicleFracture f -> f.side();
            case Finding.PleuralThickening f -> f.side();
            case Finding.Pneumothorax f -> f.side();
            default -> null;
        };
    }

    /// The largest difference of a pixel, and the sums of differences in the left and the right half of the picture.
    private static double[] change(GrayImage one, GrayImage other) {
        double[] change = new double[3];
        for (int y = 0; y < SIZE; y++) {
            for (int x = 0; x < SIZE; x++) {
                double difference = Math.abs(one.at(x, y) - other.at(x, y));
                change[0] = Math.max(change[0], difference);
                change[x < SIZE / 2 ? 1 : 2] += difference > 4 ? difference : 0;
            }
        }
        return change;
    }

    @Test
    void sideViewsShowWhatLiesInTheChest() {
        GrayImage healthy = film(2, View.LATERAL);
        for (Finding finding : List.of(new Finding.Cardiomegaly(Size.LARGE),
                new Finding.Effusion(Side.LEFT, Size.SMALL),
                new Finding.Edema(Size.MODERATE), new Finding.Consolidation(Lobe.RIGHT_MIDDLE),
                new Finding.Pneumonia(Lobe.LEFT_LOWER), new Finding.Lesion(Lobe.RIGHT_UPPER, true),
                new Finding.Atelectasis(Side.RIGHT), new Finding.Pneumothorax(Side.LEFT, Size.LARGE, false),
                new Finding.Pacemaker(Side.LEFT), new Finding.EndotrachealTube(),
                new Finding.CentralLine(Side.RIGHT, false), new Finding.GastricTube(),
                new Finding.PleuralThickening(Side.LEFT), new Finding.WideMediastinum())) {
            double change = change(healthy, film(2, View.LATERAL, finding))[0];
            assertTrue(change > 8, finding + " changes no pixel by more than " + change);
        }
    }

    @Test
    void aChestLooksLikeOne() {
        for (int patient = 0; patient < PATIENTS; patient++) {
            GrayImage film = film(patient, View.PA);
            double lungs = (lung(film, Side.RIGHT, 0.35, 0.6) + lung(film, Side.LEFT, 0.35, 0.5)) / 2;
            double middle = film.mean(60, 60, 68, 90);
            double belly = film.mean(40, 118, 88, 126);
            double air = film.mean(0, 84, 4, 120);
            assertTrue(air < 40 && air < lungs - 15, "air " + air + ", lungs " + lungs);
            assertTrue(lungs < 120 && middle > lungs + 70 && belly > lungs + 70, lungs + " " + middle + " " + belly);
            // the heart's tip points to the patient's left
            assertTrue(film.mean(70, 74, 82, 86) > film.mean(46, 74, 58, 86) + 15);
        }
    }
}
