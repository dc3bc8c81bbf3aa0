package dev.cathode.roentgen.classify;

import dev.cathode.engine.image.ImageFit;
import dev.cathode.engine.image.RgbImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;

/// Pictures at the size of training, in one file that is mapped into memory: decoding and resizing is done once, not in
/// every epoch. A byte a pixel; in front a digest that tells which pictures these are.
final class GrayPictures implements AutoCloseable {
    private static final int DIGEST = 32;

    private final Arena arena = Arena.ofShared();
    private final MemorySegment pixels;
    private final int plane;

    private GrayPictures(Path file, int size) throws IOException {
        plane = size * size;
        try (FileChannel channel = FileChannel.open(file)) {
            pixels = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena).asSlice(DIGEST);
        }
    }

    /// Opens the file, and makes it first if it does not hold these pictures.
    ///
    /// @param progress told how many pictures are done, by several threads
    /// @throws IOException if a picture cannot be read or the file not be written
    static GrayPictures open(Path file, LabelledImages images, ImageFit fit, int size, IntConsumer progress)
            throws IOException {
        byte[] digest = digest(images, fit, size);
        if (!holds(file, digest, (long) images.size() * size * size)) {
            make(file, digest, images, fit, size, progress);
        }
        return new GrayPictures(file, size);
    }

    private static byte[] digest(LabelledImages images, ImageFit fit, int size) {
        StringBuilder text = new StringBuilder(fit + " " + size);
        IntStream.range(0, images.size()).forEach(i -> text.append('\n').append(images.id(i)));
        try {
            return MessageDigest.getInstance("SHA-256").digest(text.toString().getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    private static boolean holds(Path file, byte[] digest, long bytes) throws IOException {
        if (!Files.exists(file) || Files.size(file) != DIGEST + bytes) {
            return false;
        }
        try (var in = Files.newInputStream(file)) {
            return Arrays.equals(in.readNBytes(DIGEST), digest);
        }
    }

    private static void make(Path file, byte[] digest, LabelledImages images, ImageFit fit, int size,
                             IntConsumer progress) throws IOException {
        Path temporary = file.resolveSibling("." + file.getFileName() + ".part");
        long plane = (long) size * size;
        try {
            try (FileChannel channel = FileChannel.open(temporary, StandardOpenOption.CREATE,
                    StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.READ, StandardOpenOption.WRITE);
                    Arena arena = Arena.ofShared()) {
                MemorySegment whole = channel.map(FileChannel.MapMode.READ_WRITE, 0, DIGEST + plane * images.size(),
                        arena);
                MemorySegment.copy(digest, 0, whole, ValueLayout.JAVA_BYTE, 0, DIGEST);
                IntStream.range(0, images.size()).parallel().forEach(i -> {
                    byte[] gray = gray(images, i, fit, size);
                    MemorySegment.copy(gray, 0, whole, ValueLayout.JAVA_BYTE, DIGEST + plane * i, gray.length);
                    progress.accept(i);
                });
                whole.force();
            } catch (UncheckedIOException e) {
                throw e.getCause();
            }
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(temporary);
        }
    }

    private static byte[] gray(LabelledImages images, int index, ImageFit fit, int size) {
        try {
            RgbImage image = images.image(index);
            float[] luma = fit.apply(image, size).luma();
            byte[] gray = new byte[luma.length];
            for (int i = 0; i < gray.length; i++) {
                gray[i] = (byte) Math.round(luma[i] * 255);
            }
            return gray;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Writes a picture's numbers as the network sees them, see [ClassifierConfig#pixels].
    void copy(int index, float[] to, int at) {
        for (int i = 0; i < plane; i++) {
            to[at + i] = ClassifierConfig.scaled((pixels.get(ValueLayout.JAVA_BYTE, (long) index * plane + i) & 0xff)
                    / 255f);
        }
    }

    @Override
    public void close() {
        arena.close();
    }
}
