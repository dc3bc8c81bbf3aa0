package dev.cathode.engine.data;

import dev.cathode.engine.image.RgbImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;

/// Some of the pictures of another set, in an order of their own. A picture may be there several times.
public final class Subset implements ImageTextDataset {
    private final ImageTextDataset all;
    private final int[] positions;

    /// @param positions where in `all` each of the pictures is
    /// @throws IndexOutOfBoundsException if there is no such position
    public Subset(ImageTextDataset all, int[] positions) {
        this.all = all;
        this.positions = positions.clone();
        for (int position : positions) {
            Objects.checkIndex(position, all.size());
        }
    }

    /// The pictures that can be read. Reads every one of them, on all processors: training that finds a broken file
    /// only when it gets there has to stop, or to go on with other data than it would have had without.
    ///
    /// @param problems told of each one that cannot be read, in order
    public static Subset readable(ImageTextDataset all, Consumer<DataProblem> problems) {
        return new Subset(all, readablePositions(all, problems));
    }

    /// Where in a set the pictures are that can be read, see [#readable].
    public static int[] readablePositions(ImageTextDataset all, Consumer<DataProblem> problems) {
        return readablePositions(all, problems, done -> { });
    }

    /// The same with news of how far it is.
    ///
    /// @param progress told how many pictures are done, by several threads
    public static int[] readablePositions(ImageTextDataset all, Consumer<DataProblem> problems, IntConsumer progress) {
        AtomicInteger done = new AtomicInteger();
        String[] reasons = new String[all.size()];
        IntStream.range(0, all.size()).parallel().forEach(i -> {
            try {
                all.image(i);
            } catch (IOException e) {
                reasons[i] = Objects.requireNonNullElse(e.getMessage(), e.toString());
            }
            progress.accept(done.incrementAndGet());
        });
        for (int i = 0; i < reasons.length; i++) {
            if (reasons[i] != null) {
                problems.accept(DataProblem.of(Path.of(all.id(i)), reasons[i]));
            }
        }
        return IntStream.range(0, reasons.length).filter(i -> reasons[i] == null).toArray();
    }

    @Override
    public String description() {
        return all.description();
    }

    @Override
    public int size() {
        return positions.length;
    }

    @Override
    public String id(int index) {
        return all.id(positions[index]);
    }

    @Override
    public String caption(int index) {
        return all.caption(positions[index]);
    }

    @Override
    public RgbImage image(int index) throws IOException {
        return all.image(positions[index]);
    }
}
