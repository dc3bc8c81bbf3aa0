package dev.cathode.engine.train;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.stream.Stream;

/// Folders that are there whole or not at all, whenever the program or the machine stops: they are written under
/// another name, brought to the disk, and renamed.
public final class AtomicFolder {
    /// What stands beside a folder under a name that begins with a dot and ends with the kind.
    private static final String NEW = ".new.part";
    private static final String REPLACED = ".replaced.part";
    private static final String DELETED = ".deleted.part";

    /// What goes into a folder.
    @FunctionalInterface
    public interface Content {
        /// @param folder an empty folder under a temporary name
        void write(Path folder) throws IOException;
    }

    private AtomicFolder() {
    }

    /// Writes a folder; one of that name is replaced.
    ///
    /// @throws IOException if it cannot be written; nothing is left then, and what was there still is
    public static void write(Path folder, Content content) throws IOException {
        Path parent = folder.toAbsolutePath().getParent();
        Files.createDirectories(parent);
        Path part = beside(folder, NEW);
        delete(part);
        try {
            Files.createDirectory(part);
            content.write(part);
            sync(part);
            if (Files.exists(folder)) {
                Path old = beside(folder, REPLACED);
                delete(old);
                Files.move(folder, old, StandardCopyOption.ATOMIC_MOVE);
                Files.move(part, folder, StandardCopyOption.ATOMIC_MOVE);
                delete(old);
            } else {
                Files.move(part, folder, StandardCopyOption.ATOMIC_MOVE);
            }
            syncFolder(parent);
        } catch (IOException | RuntimeException | Error e) {
            try {
                delete(part);
            } catch (IOException suppressed) {
                e.addSuppressed(suppressed);
            }
            throw e;
        }
    }

    /// Deletes a folder; half of it is never seen under its name. Nothing happens where there is none.
    public static void remove(Path folder) throws IOException {
        if (Files.exists(folder)) {
            Path old = beside(folder, DELETED);
            delete(old);
            Files.move(folder, old, StandardCopyOption.ATOMIC_MOVE);
            delete(old);
        }
    }

    /// Deletes what a stopped program left of folders it wrote or deleted. One that was being replaced when it stopped
    /// gets its name back.
    ///
    /// @param parent where they are; may not exist
    public static void removeLeftovers(Path parent) throws IOException {
        if (!Files.isDirectory(parent)) {
            return;
        }
        List<Path> leftovers;
        try (Stream<Path> entries = Files.list(parent)) {
            leftovers = entries.filter(AtomicFolder::isLeftover).toList();
        }
        for (Path leftover : leftovers) {
            String name = leftover.getFileName().toString();
            if (name.endsWith(REPLACED)) {
                Path folder = leftover.resolveSibling(name.substring(1, name.length() - REPLACED.length()));
                if (Files.notExists(folder)) {
                    Files.move(leftover, folder, StandardCopyOption.ATOMIC_MOVE);
                    continue;
                }
            }
            delete(leftover);
        }
    }

    private static boolean isLeftover(Path entry) {
        String name = entry.getFileName().toString();
        return name.startsWith(".") && (name.endsWith(NEW) || name.endsWith(REPLACED) || name.endsWith(DELETED))
                && Files.isDirectory(entry);
    }

    private static Path beside(Path folder, String kind) {
        return folder.resolveSibling("." + folder.getFileName() + kind);
    }

    private static void delete(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        Files.walkFileTree(folder, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.delete(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path visited, IOException e) throws IOException {
                if (e != null) {
                    throw e;
                }
                Files.delete(visited);
                return FileVisitResult.CONTINUE;
            }
        });
    }

    private static void sync(Path folder) throws IOException {
        List<Path> entries;
        try (Stream<Path> walk = Files.walk(folder)) {
            entries = walk.toList();
        }
        for (Path entry : entries) {
            if (Files.isDirectory(entry)) {
                syncFolder(entry);
            } else {
                try (FileChannel channel = FileChannel.open(entry, StandardOpenOption.WRITE)) {
                    channel.force(true);
                }
            }
        }
    }

    private static void syncFolder(Path folder) throws IOException {
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        } catch (AccessDeniedException e) {
            // Windows opens no folders; it writes names at once.
        }
    }
}
