package dev.cathode.engine.train;

import dev.cathode.engine.data.ImageTextDataset;
import dev.cathode.engine.image.RgbImage;
import java.util.List;

/// Five pictures with stripes in different directions.
record Stripes() implements ImageTextDataset {
    private static final int SIDE = 32;

    @Override
    public String description() {
        return "stripes";
    }

    @Override
    public int size() {
        return 5;
    }

    @Override
    public String id(int index) {
        return "stripes " + index;
    }

    @Override
    public String caption(int index) {
        return List.of("a left effusion", "a right effusion", "no finding", "an edema", "a mass").get(index);
    }

    @Override
    public RgbImage image(int index) {
        byte[] pixels = new byte[3 * SIDE * SIDE];
        for (int i = 0; i < pixels.length; i++) {
            int x = i / 3 % SIDE;
            int y = i / 3 / SIDE;
            pixels[i] = (byte) (index % 2 == 0 ? x * (index + 3) : y * (index + 3));
        }
        return new RgbImage(SIDE, SIDE, pixels);
    }
}
