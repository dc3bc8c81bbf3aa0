package dev.cathode.kernels.cuda.cache;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/// A folder of things that take time to make, such as compiled kernels, shared by all processes of a user.
///
/// A file is written beside its place and moved there when it is complete, so readers see all of it or nothing; two
/// processes that make the same thing write the same thing, and the last one stays. A file holds checksums of its key
/// and its contents: one that is not what it should be is made again. A folder that cannot be written costs time, not
/// the run.
public final class DiskCache {
    /// What decides a thing's contents.
    ///
    /// @param name begins the file's name; for people
    /// @param parts everything that matters, versions of what makes it included
    public record Key(String name, List<String> parts) {
        /// Copies the parts.
        public Key {
            parts = List.copyOf(parts);
        }

        /// SHA-256 of all of it; every part counts with its length, so no two keys run together.
        private byte[] digest() {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            try (DataOutputStream out = new DataOutputStream(bytes)) {
                for (String part : parts) {
                    byte[] text = part.getBytes(StandardCharsets.UTF_8);
                    out.writeInt(text.length);
                    out.write(text);
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            return sha256(bytes.toByteArray());
        }
    }

    /// The first bytes of a file: what it is, and the version of this layout.
    private static final byte[] MAGIC = "CTHCACH1".getBytes(StandardCharsets.US_ASCII);
    private static final int DIGEST = 32;
    private static final int HEADER = MAGIC.length + DIGEST + DIGEST;
    private static final String SUFFIX = ".kept";
    private static final String PART = ".part";
    private static final Duration ABANDONED = Duration.ofHours(1);
    private static final System.Logger LOG = System.getLogger(DiskCache.class.getName());

    private final Path folder;
    private final Map<String, Object> locks = new ConcurrentHashMap<>();

    /// A cache in a folder, which is made when the first thing is.
    public DiskCache(Path folder) {
        this.folder = folder;
    }

    /// A cache of this machine's user.
    ///
    /// @param name of the folder in [CacheFolder]'s
    public static DiskCache ofUser(String name) {
        return new DiskCache(CacheFolder.of(System.getenv(), Path.of(System.getProperty("user.home"))).resolve(name));
    }

    /// Where the files are.
    public Path folder() {
        return folder;
    }

    /// What belongs to a key, from the folder or else from `maker`; threads that ask for the same thing wait for the
    /// first.
    public byte[] get(Key key, Supplier<byte[]> maker) {
        byte[] digest = key.digest();
        Path file = file(key, digest);
        synchronized (locks.computeIfAbsent(file.toString(), name -> new Object())) {
            byte[] kept = read(file, digest);
            if (kept != null) {
                return kept;
            }
            byte[] made = maker.get();
            write(file, digest, made);
            return made;
        }
    }

    /// Forgets what belongs to a key.
    public void remove(Key key) {
        delete(file(key, key.digest()));
    }

    private Path file(Key key, byte[] digest) {
        return folder.resolve(key.name.replaceAll("[^A-Za-z0-9_]", "_") + "-" + HexFormat.of().formatHex(digest)
                + SUFFIX);
    }

    /// The contents of a file; null if there is none or it is damaged.
    private static byte[] read(Path file, byte[] digest) {
        byte[] bytes;
        try {
            bytes = Files.readAllBytes(file);
        } catch (NoSuchFileException e) {
            return null;
        } catch (IOException e) {
            LOG.log(Level.WARNING, "{0}: cannot be read ({1}); it is made again", file, e.toString());
            return null;
        }
        byte[] payload = bytes.length <= HEADER ? new byte[0] : Arrays.copyOfRange(bytes, HEADER, bytes.length);
        if (payload.length == 0 || !Arrays.equals(header(digest, payload), Arrays.copyOf(bytes, HEADER))) {
            LOG.log(Level.WARNING, "{0}: damaged; it is made again", file);
            return null;
        }
        return payload;
    }

    private void write(Path file, byte[] digest, byte[] payload) {
        Path part = null;
        try {
            Files.createDirectories(folder);
            removeAbandoned();
            part = Files.createTempFile(folder, "new-", PART);
            Files.write(part, ByteBuffer.allocate(HEADER + payload.length).put(header(digest, payload)).put(payload)
                    .array());
            Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            LOG.log(Level.WARNING, "{0}: nothing can be kept there ({1}); the next start makes it again",
                    folder, e.toString());
            delete(part);
        }
    }

    /// Removes what killed processes left behind.
    private void removeAbandoned() throws IOException {
        FileTime limit = FileTime.from(Instant.now().minus(ABANDONED));
        try (DirectoryStream<Path> parts = Files.newDirectoryStream(folder, "*" + PART)) {
            for (Path part : parts) {
                try {
                    if (Files.getLastModifiedTime(part).compareTo(limit) < 0) {
                        Files.deleteIfExists(part);
                    }
                } catch (NoSuchFileException e) {
                    continue; // another process was done with it meanwhile
                }
            }
        }
    }

    private static void delete(Path file) {
        try {
            if (file != null) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            LOG.log(Level.DEBUG, "{0} stays behind: {1}", file, e.toString());
        }
    }

    private static byte[] header(byte[] digest, byte[] payload) {
        return ByteBuffer.allocate(HEADER).put(MAGIC).put(digest).put(sha256(payload)).array();
    }

    private static byte[] sha256(byte[] bytes) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(bytes);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
