package dev.cathode.roentgen.classify;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.engine.image.ImageFit;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What a classifier learns from and when it stops.
class ClassifierDataTest {
    @TempDir
    Path folder;

    @Test
    void nobodyIsOnBothSides() {
        int[] patients = IntStream.range(0, 300).map(i -> i * i % 97).toArray();
        PatientSplit split = PatientSplit.of(patients, 0.1, 5);
        long people = Arrays.stream(patients).distinct().count();
        assertEquals(Math.round(people * 0.1),
                Arrays.stream(split.validation()).map(i -> patients[i]).distinct().count());
        assertEquals(people - Math.round(people * 0.1),
                Arrays.stream(split.training()).map(i -> patients[i]).distinct().count());
        assertArrayEquals(IntStream.range(0, 300).toArray(),
                IntStream.concat(Arrays.stream(split.training()), Arrays.stream(split.validation())).sorted().toArray());
        assertArrayEquals(split.validation(), PatientSplit.of(patients, 0.1, 5).validation());
        assertFalse(Arrays.equals(split.validation(), PatientSplit.of(patients, 0.1, 6).validation()));
        assertEquals(1, PatientSplit.of(new int[] {1, 2, 3}, 0, 0).validation().length);
        assertThrows(IllegalArgumentException.class, () -> PatientSplit.of(new int[] {4, 4}, 0.1, 0));
    }

    @Test
    void patienceEndsWhenNothingGetsBetter() {
        EarlyStopping state = EarlyStopping.start(2);
        assertFalse(state.stop() || state.improved());
        state = state.after(Double.NaN);
        assertFalse(state.stop() || state.improved());
        state = state.after(0.7);
        assertTrue(state.improved());
        state = state.after(0.7);
        assertFalse(state.stop() || state.improved());
        state = state.after(0.6);
        assertTrue(state.stop());
        assertEquals(new EarlyStopping(2, 0.7, 2, 4), state);
    }

    @Test
    void picturesAreMadeOnceAndSeenAsThePredictorSeesThem() throws IOException {
        var images = new ClassifierFixtures.Squares(5);
        AtomicInteger made = new AtomicInteger();
        Path file = folder.resolve("pictures.gray");
        for (int round = 0; round < 2; round++) {
            try (var pictures = GrayPictures.open(file, images, ImageFit.STRETCH, 16, counting(made))) {
                for (int i = 0; i < images.size(); i++) {
                    float[] seen = new float[256 + 3];
                    pictures.copy(i, seen, 3);
                    assertArrayEquals(ClassifierFixtures.CONFIG.pixels(images.image(i)),
                            Arrays.copyOfRange(seen, 3, seen.length));
                }
            }
        }
        assertEquals(5, made.get());
        GrayPictures.open(file, images, ImageFit.COVER, 16, counting(made)).close();
        GrayPictures.open(file, new ClassifierFixtures.Squares(4), ImageFit.COVER, 16, counting(made)).close();
        assertEquals(14, made.get());
    }

    private static ClassifierListener counting(AtomicInteger made) {
        return new ClassifierListener() {
            @Override
            public void prepared(int done, int of) {
                made.incrementAndGet();
            }
        };
    }

    @Test
    void picturesThatCannotBeReadAreSaidOnceAndRemembered() throws IOException {
        LabelledImages broken = new ClassifierFixtures.BrokenAt(new ClassifierFixtures.Squares(3), 1);
        List<String> said = new ArrayList<>();
        var listener = new ClassifierListener() {
            @Override
            public void unreadable(String id, IOException why) {
                said.add(id + ": " + why.getMessage());
            }
        };
        for (int round = 0; round < 2; round++) {
            try (var pictures = GrayPictures.open(folder.resolve("p"), broken, ImageFit.STRETCH, 16, listener)) {
                assertTrue(pictures.isReadable(0) && !pictures.isReadable(1) && pictures.isReadable(2));
                float[] seen = new float[256];
                pictures.copy(2, seen, 0);
                assertArrayEquals(ClassifierFixtures.CONFIG.pixels(broken.image(2)), seen);
            }
        }
        assertEquals(List.of("square-1: picture 1 is broken"), said);
    }
}
