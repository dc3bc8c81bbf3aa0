package dev.cathode.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.engine.image.ImageFiles;
import dev.cathode.engine.image.ImageFormat;
import dev.cathode.engine.image.RgbImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DestinationsTest {
    @TempDir
    Path folder;

    @Test
    void fileOrFolder() throws IOException {
        assertTrue(Destinations.isFile(Path.of("a.PNG")));
        assertTrue(Destinations.isFile(folder.resolve("a.jpeg")));
        assertFalse(Destinations.isFile(Path.of("pictures")));
        assertFalse(Destinations.isFile(Files.createDirectory(folder.resolve("odd.png"))));
    }

    @Test
    void severalPicturesAreNumbered() {
        assertEquals(Path.of("x/a.png"), Destinations.numbered(Path.of("x/a.png"), 1, 1));
        assertEquals(Path.of("x/a-2.png"), Destinations.numbered(Path.of("x/a.png"), 2, 3));
    }

    @Test
    void nameAndFormatAgree() {
        assertEquals(ImageFormat.JPEG, Destinations.format(Path.of("a.jpg"), null));
        assertEquals(ImageFormat.PNG, Destinations.format(Path.of("a.png"), ImageFormat.PNG));
        assertThrows(IllegalArgumentException.class,
                () -> Destinations.format(Path.of("a.png"), ImageFormat.JPEG));
        assertThrows(IllegalArgumentException.class, () -> Destinations.format(Path.of("a.gif"), null));
    }

    @Test
    void makesFoldersAndLeavesNothingElse() throws IOException {
        Path file = folder.resolve("new/deep/a.png");
        Destinations.prepare(List.of(file, file.resolveSibling("b.png")));
        try (var files = Files.list(file.getParent())) {
            assertEquals(List.of(), files.toList());
        }
    }

    @Test
    void noticesWhatCannotBeWritten() throws IOException {
        Path wall = Files.writeString(folder.resolve("wall"), "a file, not a folder");
        var below = assertThrows(IOException.class, () -> Destinations.prepare(List.of(wall.resolve("a.png"))));
        assertTrue(below.getMessage().contains("wall: cannot write here"), below.getMessage());
        Path taken = Files.createDirectory(folder.resolve("b.png"));
        assertTrue(assertThrows(IOException.class, () -> Destinations.prepare(List.of(taken)))
                .getMessage().contains("is a folder"));
        Path twice = folder.resolve("c.png");
        assertTrue(assertThrows(IOException.class,
                () -> Destinations.prepare(List.of(twice, folder.resolve("./x/../c.png"))))
                .getMessage().contains("two pictures"));
    }

    @Test
    void aFinishedPictureWasMadeByTheSameRecipe() throws IOException {
        for (ImageFormat format : ImageFormat.values()) {
            Path file = folder.resolve("a." + format.extension());
            Recipe recipe = Recipes.rich();
            Picture picture = new Picture(file, format, recipe, false);
            assertFalse(Destinations.isFinished(picture));
            ImageFiles.write(file, new RgbImage(1, 1, new byte[3]), format, 90, recipe.texts());
            assertTrue(Destinations.isFinished(picture));
            Picture other = new Picture(file, format, Recipes.plain("x", 1), false);
            String message = assertThrows(IOException.class, () -> Destinations.isFinished(other)).getMessage();
            assertTrue(message.startsWith(file.toString()) && message.contains("steps 20, not 75")
                    && message.contains("--overwrite"), message);
        }
    }

    @Test
    void aBrokenFileIsNotFinished() throws IOException {
        Path file = folder.resolve("a.png");
        ImageFiles.write(file, new RgbImage(1, 1, new byte[3]), ImageFormat.PNG, 90, Recipes.rich().texts());
        byte[] bytes = Files.readAllBytes(file);
        Files.write(file, Arrays.copyOf(bytes, 100));
        assertTrue(assertThrows(IOException.class,
                () -> Destinations.isFinished(new Picture(file, ImageFormat.PNG, Recipes.rich(), false)))
                .getMessage().contains("broken"));
    }
}
