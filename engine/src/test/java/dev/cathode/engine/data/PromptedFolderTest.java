package dev.cathode.engine.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.cathode.engine.image.ImageFiles;
import dev.cathode.engine.image.ImageFormat;
import dev.cathode.engine.image.RgbImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PromptedFolderTest {
    @TempDir
    private Path folder;

    @Test
    void allPicturesHaveThePrompt() throws IOException {
        RgbImage picture = new RgbImage(1, 1, new byte[] {1, 2, 3});
        for (String name : new String[] {"b.png", "a/c.PNG", ".hidden.png"}) {
            Files.createDirectories(folder.resolve(name).getParent());
            ImageFiles.write(folder.resolve(name), picture, ImageFormat.PNG, 1, Map.of());
        }
        Files.writeString(folder.resolve("b.txt"), "another caption");
        ImageTextDataset data = PromptedFolder.open(folder, "a chest film");
        assertEquals(2, data.size());
        assertEquals("a/c.PNG", data.id(0));
        assertEquals("b.png", data.id(1));
        assertEquals("a chest film", data.caption(1));
        assertEquals(picture, data.image(1));
        assertEquals(folder.toString(), data.description());
    }

    @Test
    void aFolderWithoutPicturesIsAnError() throws IOException {
        assertThrows(IOException.class, () -> PromptedFolder.open(folder, "x"));
        assertThrows(NoSuchFileException.class, () -> PromptedFolder.open(folder.resolve("nowhere"), "x"));
        Path file = Files.writeString(folder.resolve("file"), "");
        assertThrows(NotDirectoryException.class, () -> PromptedFolder.open(file, "x"));
    }
}
