package dev.cathode.engine.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicFolderTest {
    @TempDir
    Path parent;

    private List<String> entries() throws IOException {
        try (Stream<Path> entries = Files.list(parent)) {
            return entries.map(e -> e.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void aFolderIsNotThereBeforeItIsWhole() throws IOException {
        Path folder = parent.resolve("a");
        AtomicFolder.write(folder, part -> {
            assertFalse(Files.exists(folder));
            Files.createDirectories(part.resolve("unet"));
            Files.writeString(part.resolve("unet/weights"), "1");
        });
        assertEquals("1", Files.readString(folder.resolve("unet/weights")));
        assertEquals(List.of("a"), entries());
    }

    @Test
    void aFolderIsReplacedAsAWhole() throws IOException {
        Path folder = parent.resolve("a");
        AtomicFolder.write(folder, part -> Files.writeString(part.resolve("old"), "1"));
        AtomicFolder.write(folder, part -> {
            assertEquals("1", Files.readString(folder.resolve("old")));
            Files.writeString(part.resolve("new"), "2");
        });
        assertFalse(Files.exists(folder.resolve("old")));
        assertEquals("2", Files.readString(folder.resolve("new")));
        assertEquals(List.of("a"), entries());
    }

    @Test
    void aFailureLeavesWhatWasThere() throws IOException {
        Path folder = parent.resolve("a");
        AtomicFolder.write(folder, part -> Files.writeString(part.resolve("old"), "1"));
        IOException full = new IOException("disk full");
        assertSame(full, assertThrows(IOException.class, () -> AtomicFolder.write(folder, part -> {
            Files.writeString(part.resolve("half"), "2");
            throw full;
        })));
        assertEquals("1", Files.readString(folder.resolve("old")));
        assertFalse(Files.exists(folder.resolve("half")));
        assertEquals(List.of("a"), entries());
    }

    @Test
    void leftoversOfAStoppedProgramAreRemoved() throws IOException {
        for (String name : List.of(".a.new.part", ".b.deleted.part", "kept", ".hidden")) {
            Files.createDirectories(parent.resolve(name).resolve("unet"));
            Files.writeString(parent.resolve(name).resolve("unet/weights"), "1");
        }
        Files.writeString(parent.resolve(".file.new.part"), "a file is not ours");
        AtomicFolder.removeLeftovers(parent);
        assertEquals(List.of(".file.new.part", ".hidden", "kept"), entries());
        AtomicFolder.removeLeftovers(parent.resolve("nothing"));
    }

    /// The program stopped between the two renames of a replacement, or after them.
    @Test
    void aReplacedFolderGetsItsNameBackUnlessTheNewOneIsThere() throws IOException {
        for (String name : List.of(".a.replaced.part", ".a.new.part", ".b.replaced.part", "b")) {
            Files.createDirectories(parent.resolve(name));
            Files.writeString(parent.resolve(name).resolve("weights"), name);
        }
        AtomicFolder.removeLeftovers(parent);
        assertEquals(List.of("a", "b"), entries());
        assertEquals(".a.replaced.part", Files.readString(parent.resolve("a/weights")));
        assertEquals("b", Files.readString(parent.resolve("b/weights")));
    }

    @Test
    void leftoversAreNotInTheWay() throws IOException {
        for (String name : List.of("a", ".a.new.part", ".a.replaced.part", ".a.deleted.part")) {
            Files.createDirectories(parent.resolve(name).resolve("b"));
        }
        AtomicFolder.write(parent.resolve("a"), part -> Files.writeString(part.resolve("c"), "1"));
        assertEquals("1", Files.readString(parent.resolve("a/c")));
        assertFalse(Files.exists(parent.resolve("a/b")));
        AtomicFolder.remove(parent.resolve("a"));
        AtomicFolder.remove(parent.resolve("a"));
        assertEquals(List.of(), entries());
    }
}
