package dev.cathode.engine.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import dev.cathode.engine.data.ImageTextDataset;
import dev.cathode.engine.image.RgbImage;
import org.junit.jupiter.api.Test;

class DataDigestTest {
    /// Samples `id=caption`.
    private record Named(String... samples) implements ImageTextDataset {
        @Override
        public String description() {
            return "test";
        }

        @Override
        public int size() {
            return samples.length;
        }

        @Override
        public String id(int index) {
            return samples[index].split("=", -1)[0];
        }

        @Override
        public String caption(int index) {
            return samples[index].split("=", -1)[1];
        }

        @Override
        public RgbImage image(int index) {
            throw new AssertionError("no picture is needed");
        }
    }

    @Test
    void namesCaptionsAndOrderCount() {
        String digest = DataDigest.of(new Named("a=one", "b=two"));
        assertEquals(digest, DataDigest.of(new Named("a=one", "b=two")));
        for (Named other : new Named[] {new Named("b=two", "a=one"), new Named("a=one", "b=2"), new Named("a=one"),
                new Named("aone=", "b=two"), new Named("a=one", "c=two")}) {
            assertNotEquals(digest, DataDigest.of(other));
        }
        // echo -ne 'a\0one\0b\0two\0' | sha256sum
        assertEquals("a9483ce84ceeadbe349e9959d4cc9a61b6e80910ef17a7a03a6a448a415b1112", digest);
    }
}
