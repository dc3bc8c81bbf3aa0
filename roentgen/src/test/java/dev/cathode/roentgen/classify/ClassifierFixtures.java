package dev.cathode.roentgen.classify;

import dev.cathode.engine.image.ImageFit;
import dev.cathode.engine.image.RgbImage;
import dev.cathode.engine.models.DenseNetConfig;
import java.io.IOException;
import java.util.List;
import java.util.Random;

/// Pictures that a very small network can tell apart, and such a network.
final class ClassifierFixtures {
    static final List<String> LABELS = List.of("Large", "Bright");
    static final DenseNetConfig NETWORK = new DenseNetConfig(4, List.of(1, 2), 4, 2, 2, 1);
    static final ClassifierConfig CONFIG = new ClassifierConfig(NETWORK, LABELS, 16, ImageFit.STRETCH);

    private ClassifierFixtures() { }

    /// A square in noise, large or small, bright or dim. Of every fifth picture the brightness is not known.
    record Squares(int size) implements LabelledImages {
        @Override
        public List<String> labels() {
            return LABELS;
        }

        @Override
        public String id(int index) {
            return "square-" + index;
        }

        @Override
        public float[] truth(int index) {
            return new float[] {index & 1, index % 5 == 4 ? Float.NaN : index >> 1 & 1};
        }

        @Override
        public RgbImage image(int index) {
            Random random = new Random(index);
            byte[] pixels = new byte[20 * 20 * 3];
            int side = (index & 1) == 1 ? 10 : 4;
            int left = random.nextInt(20 - side);
            int top = random.nextInt(20 - side);
            for (int i = 0; i < 400; i++) {
                boolean inside = i % 20 >= left && i % 20 < left + side && i / 20 >= top && i / 20 < top + side;
                int value = random.nextInt(40) + (inside ? (index >> 1 & 1) == 1 ? 200 : 100 : 0);
                for (int c = 0; c < 3; c++) {
                    pixels[3 * i + c] = (byte) value;
                }
            }
            return new RgbImage(20, 20, pixels);
        }
    }

    /// Another set of which one picture cannot be read.
    record BrokenAt(LabelledImages images, int position) implements LabelledImages {
        @Override
        public List<String> labels() {
            return images.labels();
        }

        @Override
        public int size() {
            return images.size();
        }

        @Override
        public String id(int index) {
            return images.id(index);
        }

        @Override
        public float[] truth(int index) {
            return images.truth(index);
        }

        @Override
        public RgbImage image(int index) throws IOException {
            if (index == position) {
                throw new IOException("picture " + index + " is broken");
            }
            return images.image(index);
        }
    }
}
