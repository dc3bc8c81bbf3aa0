package dev.cathode.engine.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.engine.image.ImageFiles;
import dev.cathode.engine.image.ImageFormat;
import dev.cathode.engine.image.RgbImage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageFolderTest {
    @TempDir
    Path folder;

    private final DataProblems problems = new DataProblems(10);

    private static RgbImage gray(int value) {
        return new RgbImage(1, 1, new byte[] {(byte) value, (byte) value, (byte) value});
    }

    private void picture(String name, int value) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        ImageFiles.write(file, gray(value), ImageFormat.PNG, 1, Map.of());
    }

    private void text(String name, String text) throws IOException {
        Files.createDirectories(folder.resolve(name).getParent());
        Files.writeString(folder.resolve(name), text);
    }

    private ImageFolder open() throws IOException {
        return ImageFolder.open(folder, ImageFolder.CAPTION, problems);
    }

    private static List<String> captions(ImageTextDataset set) {
        return IntStream.range(0, set.size()).mapToObj(i -> set.id(i) + "=" + set.caption(i)).toList();
    }

    /// The problems, without the folder's name.
    private List<String> said() {
        return problems.first().stream().map(p -> p.toString().replace(folder + "/", "")).toList();
    }

    @Test
    void readsJsonLines() throws IOException {
        picture("a.png", 1);
        picture("deep/er/b.png", 2);
        text("metadata.jsonl", "\uFEFF" + """
                {"file_name": "deep/er/b.png", "text": "second, \\"quoted\\"", "age": 3}

                {"file_name": "a.png", "text": ""}
                """);
        ImageFolder set = open();
        assertEquals(List.of("deep/er/b.png=second, \"quoted\"", "a.png="), captions(set), "in the table's order");
        assertEquals(gray(2), set.image(0));
        assertEquals(gray(1), set.image(1));
        assertEquals(folder.toString(), set.description());
        assertEquals(0, problems.count());
    }

    @Test
    void readsCsvWithAnotherColumn() throws IOException {
        picture("a.png", 1);
        picture("b.png", 2);
        text("metadata.csv", "file_name,caption,text\r\nb.png,\"one, two\nlines\",x\r\na.png,plain,y\r\n");
        ImageFolder set = ImageFolder.open(folder, "caption", problems);
        assertEquals(List.of("b.png=one, two\nlines", "a.png=plain"), captions(set));
        assertEquals(0, problems.count());
    }

    @Test
    void everyFolderMayHaveItsTable() throws IOException {
        picture("x/a.png", 1);
        picture("y/a.png", 2);
        text("x/metadata.csv", "file_name,text\na.png,from x\n");
        text("y/metadata.jsonl", "{\"file_name\": \"a.png\", \"text\": \"from y\"}");
        assertEquals(List.of("x/a.png=from x", "y/a.png=from y"), captions(open()));
    }

    @Test
    void readsTextsBesidePictures() throws IOException {
        picture("b.png", 2);
        text("b.txt", " two\n");
        picture("a/c.PNG", 1);
        text("a/c.txt", "one");
        picture(".cache/d.png", 3);
        picture("e.png", 4);
        text("readme.txt", "about these films");
        ImageFolder set = open();
        assertEquals(List.of("a/c.PNG=one", "b.png=two"), captions(set));
        assertEquals(gray(1), set.image(0));
        assertEquals(List.of("e.png: no caption: there is no e.txt beside it, and no metadata.jsonl or metadata.csv in"
                + " the folder", "readme.txt: a caption without a picture"), said());
    }

    @Test
    void brokenRowsAreNamedAndLeftOut() throws IOException {
        picture("a.png", 1);
        picture("b.png", 2);
        picture("forgotten.png", 3);
        text("metadata.jsonl", """
                {"file_name": "a.png", "text": "fine"}
                {"file_name": "a.png", "text": "again"}
                {"file_name": "b.png", "text": null}
                {"file_name": "gone.png", "text": "x"}
                {"file_name": "", "text": "x"}
                {"file_name": "b.png", "text": "x"
                [1]
                {"file_name": "b.png", "text": 7}
                """);
        assertEquals(List.of("a.png=fine", "b.png=7"), captions(open()));
        assertEquals(List.of(
                "metadata.jsonl line 2: a.png has a caption already, in metadata.jsonl line 1",
                "metadata.jsonl line 3: no 'text'",
                "metadata.jsonl line 4: no such file: gone.png",
                "metadata.jsonl line 5: file_name is empty"), said().subList(0, 4));
        assertTrue(said().get(4).startsWith("metadata.jsonl line 6: not JSON: "), said().get(4));
        assertEquals(List.of("metadata.jsonl line 7: not a JSON object",
                "forgotten.png: no table names it, so it has no caption"), said().subList(5, 7));
        assertEquals(7, problems.count());
    }

    @Test
    void csvRowsWithTooFewFieldsAreNamed() throws IOException {
        picture("a.png", 1);
        text("metadata.csv", "file_name,text\nonly\n\na.png,x\n");
        assertEquals(List.of("a.png=x"), captions(open()));
        assertEquals(List.of("metadata.csv line 2: 1 fields, but the header has 2"), said());
    }

    @Test
    void tablesThatCannotBeReadAreErrors() throws IOException {
        picture("a.png", 1);
        for (String[] broken : new String[][] {
                {"file_name,caption\na.png,x\n", "no column 'text'"}, {"", "no column 'file_name'"},
                {"file_name,text,text\na.png,x,y\n", "text"}, {"file_name,text\na.png,\"x\n", "metadata.csv"}}) {
            text("metadata.csv", broken[0]);
            IOException e = assertThrows(IOException.class, this::open, broken[0]);
            assertTrue(e.getMessage().startsWith(folder.resolve("metadata.csv") + ": ")
                    && e.getMessage().contains(broken[1]), e.getMessage());
        }
        Files.write(folder.resolve("metadata.csv"),
                "file_name,text\na.png,\u00fc".getBytes(StandardCharsets.ISO_8859_1));
        IOException e = assertThrows(IOException.class, this::open);
        assertTrue(e.getMessage().endsWith("metadata.csv: not UTF-8 text"), e.getMessage());
    }

    @Test
    void aFolderWithoutPicturesIsAnError() throws IOException {
        IOException e = assertThrows(IOException.class, this::open);
        assertTrue(e.getMessage().contains("metadata.jsonl") && e.getMessage().contains("x.txt"), e.getMessage());
        assertThrows(NoSuchFileException.class,
                () -> ImageFolder.open(folder.resolve("nowhere"), ImageFolder.CAPTION, problems));
        text("file", "");
        assertThrows(NotDirectoryException.class,
                () -> ImageFolder.open(folder.resolve("file"), ImageFolder.CAPTION, problems));
    }

    @Test
    void unreadablePicturesAreFoundBeforeTraining() throws IOException {
        picture("a.png", 1);
        picture("c.png", 3);
        text("b.png", "not a picture");
        for (String name : List.of("a", "b", "c")) {
            text(name + ".txt", name);
        }
        Subset set = Subset.readable(open(), problems);
        assertEquals(List.of("a.png=a", "c.png=c"), captions(set));
        assertEquals(gray(3), set.image(1));
        assertEquals(folder.toString(), set.description());
        assertEquals(1, problems.count());
        assertTrue(said().getFirst().startsWith("b.png: b.png: not a picture"), said().getFirst());
        assertThrows(IndexOutOfBoundsException.class, () -> new Subset(set, new int[] {2}));
    }
}
