package dev.cathode.roentgen.classify;

import dev.cathode.engine.image.ImageFit;
import dev.cathode.engine.image.RgbImage;
import java.io.IOException;
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
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

/// Pictures at the size of training, in one file that is mapped into memory: decoding and resizing is done once, not in
/// every epoch. First a digest that tells which pictures these are, then a byte for each that is 0 if it could not be
/// read, then a byte for each pixel.
final class GrayPictures implements AutoCloseable {
    private static final int DIGEST = 32;

    private final Arena arena = Arena.ofShared();
    private final MemorySegment readable;
    private final MemorySegment pixels;
    private final int plane;

    private GrayPictures(Path file, int count, int size) throws IOException {
        plane = size * size;
        try (FileChannel channel = FileChannel.open(file)) {
            MemorySegment whole = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
            readable = whole.asSlice(DIGEST, count);
            pixels = whole.asSlice(DIGEST + count);
        }
    }

    /// Opens the file, and makes it first if it does not hold these pictures.
    ///
    /// @param listener told how many pictures are done and which cannot be read, by several threads
    /// @throws IOException if the file cannot be written
    static GrayPictures open(Path file, LabelledImages images, ImageFit fit, int size, ClassifierListener listener)
            throws IOException {
        byte[] digest = digest(images, fit, size);
        if (!holds(file, digest, images.size() * (1 + (long) size * size))) {
            make(file, digest, images, fit, size, listener);
        }
        return new GrayPictures(file, images.size(), size);
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
                             ClassifierListener listener) throws IOException {
        Path temporary = file.resolveSibling("." + file.getFileName() + ".part");
        long plane = (long) size * size;
        AtomicInteger done = new AtomicInteger();
        try {
            try (FileChannel channel = FileChannel.open(temporary, StandardOpenOption.CREATE,
                    StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.READ, StandardOpenOption.WRITE);
                    Arena arena = Arena.ofShared()) {
                MemorySegment whole = channel.map(FileChannel.MapMode.READ_WRITE, 0,
                        DIGEST + (1 + plane) * images.size(), arena);
                MemorySegment.copy(digest, 0, whole, ValueLayout.JAVA_BYTE, 0, DIGEST);
                IntStream.range(0, images.size()).parallel().forEach(i -> {
                    try {
                        byte[] gray = gray(images.image(i), fit, size);
                        MemorySegment.copy(gray, 0, whole, ValueLayout.JAVA_BYTE, DIGEST + images.size() + plane * i,
                                gray.length);
                        whole.set(ValueLayout.JAVA_BYTE, DIGEST + i, (byte) 1);
                    } catch (IOException e) {
                        listener.unreadable(images.id(i), e);
                    }
                    listener.prepared(done.incrementAndGet(), images.size());
                });
                whole.force();
            }
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(temporary);
        }
    }

    private static byte[] gray(RgbImage image, ImageFit fit, int size) {
        float[] luma = fit.apply(image, size).luma();
        byte[] gray = new byte[luma.length];
        for (int i = 0; i < gray.length; i++) {
            gray[i] = (byte) Math.round(luma[i] * 255);
        }
        return gray;
    }

    /// Whether a picture could be read.
    boolean isReadable(int index) {
        return readable.get(ValueLayout.JAVA_BYTE, index) != 0;
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
