package dev.cathode.engine.train;

import dev.cathode.engine.models.DiagonalGaussianDistribution;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;

/// The distributions of the latents of a whole data set in a file, so that the autoencoder sees each picture once. Each
/// epoch still draws a new latent from the distribution.
///
/// The file is filled from the front, so one that was not finished is gone on with. Beside it lies a text that says
/// what it was made of; if that is another one, it is made anew.
final class LatentCache implements AutoCloseable {
    private final FileChannel file;
    private final int count;

    private LatentCache(FileChannel file, int count) {
        this.file = file;
        this.count = count;
    }

    /// Reads one sample for the encoder.
    @FunctionalInterface
    interface Pictures {
        /// Planes `[3, side, side]` in [-1, 1].
        float[] planes(int index) throws IOException;
    }

    /// Opens the cache, and fills it as far as it is not.
    ///
    /// @param file where it lies
    /// @param origin what it is made of: data, pictures' size, the autoencoder
    /// @param samples of the data set
    /// @param listener told how far it is, and asked whether to stop
    /// @throws InterruptedIOException if it was told to stop
    static LatentCache open(Path file, String origin, int samples, LatentEncoder encoder, Pictures pictures,
                            TrainingListener listener) throws IOException {
        Path note = file.resolveSibling(file.getFileName() + ".origin");
        Files.createDirectories(file.toAbsolutePath().getParent());
        if (!Files.exists(note) || !Files.readString(note).equals(origin)) {
            Files.deleteIfExists(file);
            Files.writeString(note, origin);
        }
        FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ,
                StandardOpenOption.WRITE);
        try {
            LatentCache cache = new LatentCache(channel, encoder.count());
            cache.fill(samples, encoder, pictures, listener);
            return cache;
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    private int bytes() {
        return 2 * count * Float.BYTES;
    }

    private void fill(int samples, LatentEncoder encoder, Pictures pictures, TrainingListener listener)
            throws IOException {
        for (int i = (int) (file.size() / bytes()); i < samples; i++) {
            if (listener.isCancelled()) {
                throw new InterruptedIOException("stopped while latents were computed: " + i + " of " + samples
                        + " are done and will be there next time");
            }
            if (i % 64 == 0) {
                listener.onPhase("encoding pictures, " + i + " of " + samples);
            }
            DiagonalGaussianDistribution latent = encoder.encode(pictures.planes(i));
            ByteBuffer record = ByteBuffer.allocate(bytes()).order(ByteOrder.LITTLE_ENDIAN);
            record.asFloatBuffer().put(latent.mean()).put(latent.logvar());
            write(record, (long) i * bytes());
        }
    }

    private void write(ByteBuffer record, long at) throws IOException {
        while (record.hasRemaining()) {
            at += file.write(record, at);
        }
    }

    /// The distribution of one sample's latent; may be called by several threads at once.
    DiagonalGaussianDistribution get(int index) throws IOException {
        ByteBuffer record = ByteBuffer.allocate(bytes()).order(ByteOrder.LITTLE_ENDIAN);
        long at = (long) index * bytes();
        while (record.hasRemaining()) {
            int read = file.read(record, at + record.position());
            if (read < 0) {
                throw new IOException("the cache of latents ends before sample " + index + ": delete it");
            }
        }
        float[] numbers = new float[2 * count];
        record.flip().asFloatBuffer().get(numbers);
        return new DiagonalGaussianDistribution(Arrays.copyOf(numbers, count),
                Arrays.copyOfRange(numbers, count, 2 * count));
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
