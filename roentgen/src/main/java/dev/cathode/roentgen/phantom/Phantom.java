package dev.cathode.roentgen.phantom;

import dev.cathode.roentgen.data.Labels;
import dev.cathode.roentgen.data.Split;
import java.time.LocalDate;
import java.time.LocalTime;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/// A study of a patient who does not exist: films, findings, report and labels. Study `index` of a seed is always the
/// same, whatever else is drawn.
///
/// @param subjectId the patient's number, from 10000000 to 19999999; patients have one to four studies
/// @param studyId from 50000000 to 59999999
/// @param radiographs the films, at least one
/// @param observations what is seen, or possible
/// @param impression the radiologist's conclusion in one line: the caption of the pictures
/// @param report the whole text with sections; a few lack the impression, as in hospitals
/// @param labels what the impression says of CheXpert's fourteen observations
/// @param split what the patient is for
public record Phantom(long seed, long index, int subjectId, int studyId, LocalDate date, LocalTime time,
        Anatomy anatomy, List<Radiograph> radiographs, List<Observation> observations, String impression,
        String report, Labels labels, Split split) {
    /// Copies the lists.
    public Phantom {
        radiographs = List.copyOf(radiographs);
        observations = List.copyOf(observations);
    }

    /// Study `index` of a seed, with whatever films were taken.
    ///
    /// @throws IllegalArgumentException if the index is negative
    public static Phantom of(long seed, long index) {
        return of(seed, index, EnumSet.allOf(View.class));
    }

    /// The same study with films of some views only. Patient, findings and impression do not depend on the views.
    ///
    /// @param views at least one
    public static Phantom of(long seed, long index, Set<View> views) {
        if (index < 0 || views.isEmpty()) {
            throw new IllegalArgumentException("phantoms are numbered from 0 and have at least one view");
        }
        Patients.Visit visit = Patients.visit(index);
        Dice patient = Dice.of(seed, 0x9a7, visit.patient());
        Anatomy anatomy = Anatomy.of(patient);
        LocalDate first = LocalDate.of(2110, 1, 1).plusDays(patient.whole(0, 30_000));
        int age = patient.whole(22, 88);
        Dice study = Dice.of(seed, 0x57d, index);
        List<Observation> observations = Cases.draw(study);
        boolean shallow = study.chance(0.07);
        Impression impression = Impression.of(observations, shallow, Dice.of(seed, 0x1a9, index));
        List<Radiograph> radiographs = new ArrayList<>();
        for (View view : taken(observations, views, study)) {
            Dice film = Dice.of(seed, 0xf11, index, view.ordinal());
            double aspect = film.chance(0.5) ? 1 : film.between(0.86, 1.14);
            radiographs.add(new Radiograph(view, Patients.dicomId(seed, index, view),
                    Pose.of(view, shallow, film), aspect));
        }
        List<View> seen = radiographs.stream().map(Radiograph::view).toList();
        String report = Report.text(seen, anatomy.female(), age, observations, impression.text(),
                Dice.of(seed, 0x4e9, index));
        LocalDate date = first.plusDays(visit.number() * 97L + study.whole(0, 60));
        LocalTime time = LocalTime.ofNanoOfDay(study.whole(0, 86_399_999) * 1_000_000L);
        return new Phantom(seed, index, Patients.subjectId(seed, visit.patient()), Patients.studyId(seed, index), date,
                time, anatomy, radiographs, observations, impression.text(), report, impression.labels(),
                Patients.split(visit.patient()));
    }

    /// Standing patients get a PA film and often one from the side; those with a tube in the trachea lie.
    private static List<View> taken(List<Observation> observations, Set<View> views, Dice dice) {
        boolean lying = observations.stream().anyMatch(o -> o.finding() instanceof Finding.EndotrachealTube);
        double kind = dice.between(0, 1);
        boolean broken = observations.stream().anyMatch(o -> o.finding() instanceof Finding.RibFracture
                || o.finding() instanceof Finding.ClavicleFracture); // which nobody sees from the side
        List<View> usual = lying || kind < 0.25 ? List.of(View.AP)
                : kind < 0.7 && !broken ? List.of(View.PA, View.LATERAL) : List.of(View.PA);
        List<View> wanted = usual.stream().filter(views::contains).toList();
        if (!wanted.isEmpty()) {
            return wanted;
        }
        return List.of(List.of(View.PA, View.AP, View.LATERAL).stream().filter(views::contains).findFirst()
                .orElseThrow());
    }

    /// What the pictures show.
    public List<Finding> drawn() {
        return observations.stream().filter(Observation::drawn).map(Observation::finding).toList();
    }
}
