package dev.cathode.engine.train;

import dev.cathode.engine.train.recipe.TrainingRecipe;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;

/// Hidden states of captions that a frozen text encoder has seen. Not for several threads at once.
sealed interface TextCache extends AutoCloseable {
    /// The states of a caption: those that are kept, or new ones, which then are.
    float[] states(String caption, Function<String, float[]> encode);

    @Override
    default void close() { }

    /// What a recipe asks for: the states of all captions, or of a few.
    ///
    /// @param name of the file in the output folder
    /// @param count numbers of the states of one caption
    static TextCache of(TrainingRecipe recipe, String name, int count) {
        if (!recipe.data().cacheTextEmbeddings()) {
            return new Latest(count);
        }
        try {
            Files.createDirectories(recipe.output().outputDir());
            return new All(recipe.output().outputDir().resolve(name), count);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// The latest captions, in memory: some repeat all the time, like the empty one.
    final class Latest implements TextCache {
        private static final long BYTES = 256L << 20;

        private final Map<String, float[]> states;

        Latest(int count) {
            long most = Math.max(1, BYTES / ((long) Float.BYTES * count));
            states = new LinkedHashMap<>(16, 0.75f, true) {
                private static final long serialVersionUID = 1;

                @Override
                protected boolean removeEldestEntry(Map.Entry<String, float[]> eldest) {
                    return size() > most;
                }
            };
        }

        @Override
        public float[] states(String caption, Function<String, float[]> encode) {
            return states.computeIfAbsent(caption, encode);
        }
    }

    /// All captions, in a file that lives as long as the run: encoding them again takes less time than an epoch.
    final class All implements TextCache {
        private final FileChannel file;
        private final ByteBuffer record;
        private final Map<String, Integer> records = new HashMap<>();

        All(Path file, int count) throws IOException {
            this.file = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING,
                    StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.DELETE_ON_CLOSE);
            record = ByteBuffer.allocate(count * Float.BYTES).order(ByteOrder.nativeOrder());
        }

        @Override
        public float[] states(String caption, Function<String, float[]> encode) {
            try {
                Integer number = records.get(caption);
                if (number != null) {
                    return read(number);
                }
                float[] states = encode.apply(caption);
                write(states);
                records.put(caption, records.size());
                return states;
            } catch (IOException e) {
                throw new UncheckedIOException("the cache of text embeddings: " + e.getMessage(), e);
            }
        }

        private float[] read(int number) throws IOException {
            record.clear();
            for (long at = (long) number * record.capacity(); record.hasRemaining();) {
                at += file.read(record, at);
            }
            float[] states = new float[record.capacity() / Float.BYTES];
            record.flip().asFloatBuffer().get(states);
            return states;
        }

        private void write(float[] states) throws IOException {
            record.clear().asFloatBuffer().put(states);
            for (long at = (long) records.size() * record.capacity(); record.hasRemaining();) {
                at += file.write(record, at);
            }
        }

        @Override
        public void close() {
            try {
                file.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
