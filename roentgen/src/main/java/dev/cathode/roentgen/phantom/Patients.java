package dev.cathode.roentgen.phantom;

import dev.cathode.roentgen.data.Split;

/// Which studies are of the same patient, and the numbers by which patients and studies go. Every sixteen studies
/// belong to nine patients: five with one, two with two, one with three, one with four.
final class Patients {
    private static final int[] STUDIES = {1, 1, 2, 1, 3, 1, 2, 1, 4};
    private static final int BLOCK = 16;
    private static final long NUMBERS = 10_000_000;
    /// Shares no divisor with [#NUMBERS], so that no number is given twice.
    private static final long STEP = 7_368_787;

    private Patients() { }

    /// A patient, and which of the patient's studies it is.
    record Visit(long patient, int number) { }

    /// The patient of study `index`.
    static Visit visit(long index) {
        int rest = (int) (index % BLOCK);
        int patient = 0;
        while (rest >= STUDIES[patient]) {
            rest -= STUDIES[patient];
            patient++;
        }
        return new Visit(index / BLOCK * STUDIES.length + patient, rest);
    }

    /// Eight digits that begin with 1: the two first name the folder.
    static int subjectId(long seed, long patient) {
        return (int) (NUMBERS + scatter(Dice.mix(seed, 1), patient));
    }

    /// Eight digits that begin with 5.
    static int studyId(long seed, long index) {
        return (int) (5 * NUMBERS + scatter(Dice.mix(seed, 2), index));
    }

    private static long scatter(long offset, long number) {
        return Math.floorMod(offset + number % NUMBERS * STEP, NUMBERS);
    }

    /// Eight of ten patients train, one validates, one tests.
    static Split split(long patient) {
        return switch ((int) (patient % 10)) {
            case 4 -> Split.VALIDATE;
            case 9 -> Split.TEST;
            default -> Split.TRAIN;
        };
    }

    /// The identifier of a film.
    static String dicomId(long seed, long index, View view) {
        StringBuilder id = new StringBuilder();
        for (int group = 0; group < 5; group++) {
            id.append(group == 0 ? "" : "-")
                    .append("%08x".formatted((int) Dice.mix(seed, index, view.ordinal(), group)));
        }
        return id.toString();
    }
}
