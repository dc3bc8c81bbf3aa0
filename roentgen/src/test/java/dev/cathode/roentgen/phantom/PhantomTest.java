package dev.cathode.roentgen.phantom;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.roentgen.data.Split;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class PhantomTest {
    private static final int MANY = 3000;

    @Test
    void aPhantomDependsOnSeedAndNumberOnly() {
        List<Phantom> forwards = LongStream.range(0, 40).mapToObj(i -> Phantom.of(3, i)).toList();
        List<Phantom> atOnce = LongStream.range(0, 40).parallel().mapToObj(i -> Phantom.of(3, i)).toList();
        assertEquals(forwards, atOnce);
        assertEquals(forwards.get(39), Phantom.of(3, 39));
        assertNotEquals(forwards.get(0).anatomy(), Phantom.of(4, 0).anatomy());
        assertThrows(IllegalArgumentException.class, () -> Phantom.of(3, -1));
        assertThrows(IllegalArgumentException.class, () -> Phantom.of(3, 0, Set.of()));
    }

    @Test
    void viewsDoNotChangeThePatient() {
        for (int i = 0; i < 200; i++) {
            Phantom all = Phantom.of(5, i);
            for (View view : View.values()) {
                Phantom one = Phantom.of(5, i, EnumSet.of(view));
                assertEquals(List.of(view), one.radiographs().stream().map(Radiograph::view).toList());
                assertEquals(all.impression(), one.impression());
                assertEquals(all.observations(), one.observations());
                assertEquals(all.labels(), one.labels());
                assertEquals(all.anatomy(), one.anatomy());
            }
        }
    }

    @Test
    void patientsComeAgain() {
        Map<Integer, Phantom> first = new HashMap<>();
        Map<Integer, Integer> studies = new HashMap<>();
        for (int i = 0; i < 1600; i++) {
            Phantom phantom = Phantom.of(9, i);
            Phantom before = first.putIfAbsent(phantom.subjectId(), phantom);
            studies.merge(phantom.subjectId(), 1, Integer::sum);
            if (before != null) {
                assertEquals(before.anatomy(), phantom.anatomy());
                assertEquals(before.split(), phantom.split());
                assertTrue(before.date().isBefore(phantom.date()), before.date() + " " + phantom.date());
            }
        }
        assertEquals(900, studies.size());
        assertEquals(100, studies.values().stream().filter(count -> count == 4).count());
    }

    @Test
    void numbersAreGivenOnce() {
        Set<Integer> studies = new HashSet<>();
        Set<String> films = new HashSet<>();
        int[] folders = new int[20];
        int count = 0;
        for (int i = 0; i < MANY; i++) {
            Phantom phantom = Phantom.of(11, i);
            studies.add(phantom.studyId());
            assertEquals(5, phantom.studyId() / 10_000_000);
            folders[phantom.subjectId() / 1_000_000]++;
            for (Radiograph film : phantom.radiographs()) {
                assertTrue(film.dicomId().matches("([0-9a-f]{8}-){4}[0-9a-f]{8}"), film.dicomId());
                films.add(film.dicomId());
                count++;
            }
        }
        assertEquals(MANY, studies.size());
        assertEquals(count, films.size());
        for (int folder = 10; folder < 20; folder++) {
            assertEquals(MANY / 10.0, folders[folder], MANY / 40.0, "p" + folder);
        }
    }

    @Test
    void allKindsAreThere() {
        Map<Split, Integer> splits = new EnumMap<>(Split.class);
        Map<View, Integer> views = new EnumMap<>(View.class);
        Map<Class<?>, Integer> kinds = new HashMap<>();
        int doubtful = 0;
        int doubtfulDrawn = 0;
        for (int i = 0; i < MANY; i++) {
            Phantom phantom = Phantom.of(1, i);
            splits.merge(phantom.split(), 1, Integer::sum);
            phantom.radiographs().forEach(film -> views.merge(film.view(), 1, Integer::sum));
            for (Observation observation : phantom.observations()) {
                kinds.merge(observation.finding().getClass(), 1, Integer::sum);
                if (observation.certainty() == Certainty.POSSIBLE) {
                    doubtful++;
                    doubtfulDrawn += observation.drawn() ? 1 : 0;
                }
            }
        }
        assertEquals(0.8 * MANY, splits.get(Split.TRAIN), 0.03 * MANY);
        assertEquals(0.1 * MANY, splits.get(Split.TEST), 0.03 * MANY);
        assertEquals(Set.of(View.values()), views.keySet());
        assertEquals(Set.of(Finding.class.getPermittedSubclasses()), kinds.keySet());
        assertTrue(IntStream.of(kinds.values().stream().mapToInt(n -> n).toArray()).min().orElseThrow() > 30,
                kinds.toString());
        assertEquals(0.5, (double) doubtfulDrawn / doubtful, 0.15);
    }

    @Test
    void wordsAndPicturesAgree() {
        Finding finding = new Finding.Effusion(Side.LEFT, Size.SMALL);
        assertThrows(IllegalArgumentException.class, () -> new Observation(finding, Certainty.PRESENT, false));
        assertThrows(IllegalArgumentException.class, () -> new Observation(finding, Certainty.ABSENT, true));
    }
}
