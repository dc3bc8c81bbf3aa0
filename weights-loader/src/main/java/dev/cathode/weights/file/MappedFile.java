package dev.cathode.weights.file;

import dev.cathode.weights.CheckpointException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// A whole file, mapped for reading as one segment of any size. A file that cannot be mapped because it lies in a jar
/// is read into memory.
///
/// @param path the file
/// @param bytes its bytes, alive until [#close()]
/// @param arena what unmaps them
public record MappedFile(Path path, MemorySegment bytes, Arena arena) implements AutoCloseable {
    private static final long ALIGNMENT = 64;

    /// Maps a file.
    ///
    /// @throws CheckpointException if there is no such file, it is a folder, or it cannot be read
    public static MappedFile open(Path path) {
        if (Files.isDirectory(path)) {
            throw new CheckpointException(path + ": is a folder, expected a weight file");
        }
        if (Files.exists(path) && !Files.isRegularFile(path)) {
            throw new CheckpointException(path + ": is no ordinary file and cannot be mapped");
        }
        Arena arena = Arena.ofShared();
        try {
            boolean mappable = path.getFileSystem() == FileSystems.getDefault();
            return new MappedFile(path, mappable ? map(path, arena) : read(path, arena), arena);
        } catch (NoSuchFileException e) {
            arena.close();
            throw new CheckpointException(path + ": no such file", e);
        } catch (IOException | UnsupportedOperationException | OutOfMemoryError e) {
            arena.close();
            throw new CheckpointException(path + ": cannot be read: " + e, e);
        }
    }

    private static MemorySegment map(Path path, Arena arena) throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            return channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
        }
    }

    private static MemorySegment read(Path path, Arena arena) throws IOException {
        byte[] content = Files.readAllBytes(path);
        MemorySegment bytes = arena.allocate(content.length, ALIGNMENT);
        MemorySegment.copy(content, 0, bytes, ValueLayout.JAVA_BYTE, 0, content.length);
        return bytes.asReadOnly();
    }

    /// Length in bytes.
    public long size() {
        return bytes.byteSize();
    }

    /// An error in this file.
    public CheckpointException error(String reason) {
        return new CheckpointException(path + ": " + reason);
    }

    /// An error in one tensor of this file.
    public CheckpointException error(String tensor, String reason) {
        return new CheckpointException(path + ": tensor " + Quote.of(tensor) + ": " + reason);
    }

    /// Gives the memory of a part back to the system, if the system can read it again from the file.
    void release(MemorySegment part) {
        if (bytes.isMapped()) {
            Pages.release(part);
        }
    }

    /// Whether a segment lies in this file.
    public boolean contains(MemorySegment part) {
        return part.isNative() && part.address() >= bytes.address()
                && part.address() + part.byteSize() <= bytes.address() + bytes.byteSize();
    }

    /// Unmaps the file; does nothing the second time.
    @Override
    public void close() {
        if (!arena.scope().isAlive()) {
            return;
        }
        arena.close();
    }
}
