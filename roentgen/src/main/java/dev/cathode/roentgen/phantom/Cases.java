package dev.cathode.roentgen.phantom;

import dev.cathode.roentgen.phantom.Finding.Atelectasis;
import dev.cathode.roentgen.phantom.Finding.Cardiomegaly;
import dev.cathode.roentgen.phantom.Finding.CentralLine;
import dev.cathode.roentgen.phantom.Finding.ClavicleFracture;
import dev.cathode.roentgen.phantom.Finding.Consolidation;
import dev.cathode.roentgen.phantom.Finding.Edema;
import dev.cathode.roentgen.phantom.Finding.Effusion;
import dev.cathode.roentgen.phantom.Finding.EndotrachealTube;
import dev.cathode.roentgen.phantom.Finding.GastricTube;
import dev.cathode.roentgen.phantom.Finding.Lesion;
import dev.cathode.roentgen.phantom.Finding.Pacemaker;
import dev.cathode.roentgen.phantom.Finding.PleuralThickening;
import dev.cathode.roentgen.phantom.Finding.Pneumonia;
import dev.cathode.roentgen.phantom.Finding.Pneumothorax;
import dev.cathode.roentgen.phantom.Finding.RibFracture;
import dev.cathode.roentgen.phantom.Finding.WideMediastinum;
import java.util.ArrayList;
import java.util.List;

/// What patients have: nothing, one thing, or things that go together.
final class Cases {
    private Cases() { }

    /// The findings of a study, those that are seen or possible.
    static List<Observation> draw(Dice dice) {
        double kind = dice.between(0, 1);
        List<Finding> findings = new ArrayList<>();
        if (kind < 0.20) {
            return List.of();
        }
        if (kind < 0.72) {
            findings.add(any(dice));
        } else {
            together(dice, findings);
        }
        if (findings.stream().noneMatch(Cases::isDevice) && dice.chance(0.10)) {
            device(dice, findings);
        }
        List<Observation> observations = new ArrayList<>();
        for (Finding finding : findings) {
            boolean possible = mayBeDoubtful(finding) && dice.chance(0.07);
            observations.add(possible ? new Observation(finding, Certainty.POSSIBLE, dice.chance(0.5))
                    : new Observation(finding, Certainty.PRESENT, true));
        }
        return observations;
    }

    private static Finding any(Dice dice) {
        return switch (dice.whole(0, 15)) {
            case 0, 1 -> new Cardiomegaly(size(dice));
            case 2, 3, 4 -> new Effusion(side(dice), size(dice));
            case 5, 6 -> pneumothorax(dice);
            case 7 -> new Edema(size(dice));
            case 8 -> new Consolidation(lobe(dice));
            case 9, 10 -> new Pneumonia(lobe(dice));
            case 11 -> new Atelectasis(side(dice));
            case 12, 13 -> new Lesion(lobe(dice), dice.chance(0.45));
            case 14 -> dice.chance(0.7) ? new RibFracture(side(dice), dice.whole(4, 7))
                    : new ClavicleFracture(side(dice));
            default -> dice.chance(0.5) ? new WideMediastinum() : new PleuralThickening(side(dice));
        };
    }

    /// Things that go together.
    private static void together(Dice dice, List<Finding> findings) {
        switch (dice.whole(0, 9)) {
            case 0, 1 -> { // a failing heart
                findings.add(new Cardiomegaly(size(dice)));
                findings.add(new Edema(size(dice)));
                if (dice.chance(0.5)) {
                    bilateral(dice, findings);
                }
            }
            case 2 -> bilateral(dice, findings);
            case 3 -> {
                Side side = side(dice);
                findings.add(new Effusion(side, dice.pick(Size.SMALL, Size.MODERATE)));
                findings.add(new Atelectasis(side.opposite()));
            }
            case 4 -> {
                Lobe lobe = lobe(dice);
                findings.add(dice.chance(0.5) ? new Pneumonia(lobe) : new Consolidation(lobe));
                findings.add(new Effusion(lobe.side().opposite(), dice.pick(Size.SMALL, Size.MODERATE)));
            }
            case 5 -> {
                Side side = side(dice);
                findings.add(new RibFracture(side, dice.whole(4, 7)));
                findings.add(new Pneumothorax(side.opposite(), dice.pick(Size.SMALL, Size.MODERATE), false));
            }
            case 6 -> {
                findings.add(new Atelectasis(Side.RIGHT));
                findings.add(new Atelectasis(Side.LEFT));
            }
            case 7 -> {
                Lobe lobe = lobe(dice);
                findings.add(new Lesion(lobe, dice.chance(0.7)));
                findings.add(new Effusion(lobe.side().opposite(), size(dice)));
            }
            default -> {
                device(dice, findings);
                if (dice.chance(0.6)) {
                    findings.add(any(dice));
                }
            }
        }
    }

    private static void bilateral(Dice dice, List<Finding> findings) {
        Size size = dice.pick(Size.SMALL, Size.MODERATE);
        findings.add(new Effusion(Side.RIGHT, size));
        findings.add(new Effusion(Side.LEFT, size));
    }

    private static void device(Dice dice, List<Finding> findings) {
        switch (dice.whole(0, 4)) {
            case 0 -> findings.add(new Pacemaker(dice.chance(0.85) ? Side.LEFT : Side.RIGHT));
            case 1 -> findings.add(new CentralLine(side(dice), dice.chance(0.4)));
            case 2 -> {
                findings.add(new EndotrachealTube());
                findings.add(new GastricTube());
            }
            case 3 -> {
                findings.add(new EndotrachealTube());
                findings.add(new CentralLine(Side.RIGHT, false));
            }
            default -> findings.add(new EndotrachealTube());
        }
    }

    static boolean isDevice(Finding finding) {
        return switch (finding) {
            case EndotrachealTube _, CentralLine _, Pacemaker _, GastricTube _ -> true;
            default -> false;
        };
    }

    /// Nobody is in doubt about lead, gross sizes or collapsed lungs under tension.
    private static boolean mayBeDoubtful(Finding finding) {
        return switch (finding) {
            case Effusion f -> f.size() == Size.SMALL;
            case Pneumothorax f -> f.size() == Size.SMALL;
            case Cardiomegaly _ -> false;
            default -> !isDevice(finding);
        };
    }

    private static Pneumothorax pneumothorax(Dice dice) {
        Size size = size(dice);
        return new Pneumothorax(side(dice), size, size == Size.LARGE && dice.chance(0.5));
    }

    private static Side side(Dice dice) {
        return dice.pick(Side.values());
    }

    private static Size size(Dice dice) {
        return dice.pick(Size.values());
    }

    private static Lobe lobe(Dice dice) {
        return dice.pick(Lobe.values());
    }
}
