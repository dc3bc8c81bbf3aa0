package dev.cathode.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.engine.image.ImageFormat;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SamplePlanTest {
    private static final ImageSize SIZE = new ImageSize(512, 512);

    @TempDir
    Path folder;

    private final SampleOptions options = new SampleOptions();

    @BeforeEach
    void model() {
        options.model.path = folder;
        options.output.out = Path.of("out");
    }

    private List<Picture> one() throws IOException {
        return new SamplePlan(options, SIZE).one("a cat");
    }

    private List<Picture> all(PromptFile.Row... rows) throws IOException {
        return new SamplePlan(options, SIZE).all(List.of(rows));
    }

    @Test
    void oneIsNamedByItsSeed() throws IOException {
        options.look.seed = 5L;
        options.output.count = 2;
        List<Picture> pictures = one();
        assertEquals(List.of(Path.of("out/cathode-5.png"), Path.of("out/cathode-6.png")), files(pictures));
        assertEquals(6, pictures.get(1).recipe().seed());
        assertEquals(SIZE, pictures.get(1).recipe().size());
        assertEquals(folder.getFileName().toString(), pictures.get(1).recipe().model());
        assertEquals(75, pictures.get(1).recipe().steps());
        assertEquals(4, pictures.get(1).recipe().guidanceScale());
    }

    @Test
    void orByItsFile() throws IOException {
        options.output.out = Path.of("x/a.jpg");
        assertEquals(List.of(Path.of("x/a.jpg")), files(one()));
        options.output.count = 2;
        assertEquals(List.of(Path.of("x/a-1.jpg"), Path.of("x/a-2.jpg")), files(one()));
        assertEquals(ImageFormat.JPEG, one().getFirst().format());
        options.output.format = ImageFormat.PNG;
        assertThrows(IllegalArgumentException.class, this::one);
    }

    @Test
    void chanceChoosesSeedsThatNobodyAsksFor() throws IOException {
        Picture first = one().getFirst();
        assertTrue(first.anySeed());
        assertNotEquals(first.recipe().seed(), one().getFirst().recipe().seed());
        options.look.seed = 5L;
        assertTrue(!one().getFirst().anySeed());
    }

    @Test
    void rowsOverruleOptions() throws IOException {
        options.look.seed = 100L;
        options.look.negative = "blurry";
        PromptFile.Row full = new PromptFile.Row("p", Optional.of("n"), Optional.of(3L), Optional.of(20),
                Optional.of(7.5), Optional.of(64), Optional.empty(), Optional.of("sub/b"));
        List<Picture> pictures = all(PromptFile.Row.of("x"), full, PromptFile.Row.of("y"));
        assertEquals(List.of(Path.of("out/0001.png"), Path.of("out/sub/b.png"), Path.of("out/0003.png")),
                files(pictures));
        Recipe plain = pictures.get(2).recipe();
        assertEquals(102, plain.seed());
        assertEquals("blurry", plain.negativePrompt());
        Recipe recipe = pictures.get(1).recipe();
        assertEquals("n", recipe.negativePrompt());
        assertEquals(3, recipe.seed());
        assertEquals(20, recipe.steps());
        assertEquals(7.5, recipe.guidanceScale());
        assertEquals(new ImageSize(64, 512), recipe.size());
    }

    @Test
    void severalPicturesOfEachRow() throws IOException {
        options.look.seed = 100L;
        options.output.count = 2;
        List<Picture> pictures = all(PromptFile.Row.of("x"), PromptFile.Row.of("y"));
        assertEquals(List.of("0001-1.png", "0001-2.png", "0002-1.png", "0002-2.png"),
                pictures.stream().map(p -> p.file().getFileName().toString()).toList());
        assertEquals(List.of(100L, 101L, 102L, 103L), pictures.stream().map(p -> p.recipe().seed()).toList());
    }

    @Test
    void manyRowsNeedAFolder() {
        options.output.out = Path.of("a.png");
        assertTrue(assertThrows(IllegalArgumentException.class, () -> all(PromptFile.Row.of("x")))
                .getMessage().contains("--out"));
    }

    private static List<Path> files(List<Picture> pictures) {
        return pictures.stream().map(Picture::file).toList();
    }
}
