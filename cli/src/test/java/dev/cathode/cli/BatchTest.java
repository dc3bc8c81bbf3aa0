package dev.cathode.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.engine.diffusion.GeneratedImage;
import dev.cathode.engine.image.ImageFiles;
import dev.cathode.engine.image.ImageFormat;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

class BatchTest {
    @TempDir
    Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private final List<GeneratedImage> collected = new ArrayList<>();

    /// Paints every picture in the gray of its seed; fails at "fail".
    private static final class Gray implements Painter {
        private final List<String> painted = new ArrayList<>();
        private final List<Boolean> last = new ArrayList<>();

        @Override
        public ImageSize defaultSize() {
            return new ImageSize(16, 8);
        }

        @Override
        public void check(Recipe recipe, int index) { }

        @Override
        public GeneratedImage paint(Recipe recipe, int index, boolean isLast, Progress.Bar bar) {
            bar.phase("painting");
            if (recipe.prompt().equals("fail")) {
                throw new IllegalStateException("no paint");
            }
            bar.step(1, 1);
            painted.add(recipe.prompt());
            last.add(isLast);
            float[] planes = new float[3 * 16 * 8];
            Arrays.fill(planes, recipe.seed() / 255f);
            return new GeneratedImage(0, recipe.seed(), 16, 8, new int[] {1, 4, 1, 2}, new float[8], new float[8],
                    planes);
        }

        @Override
        public void close() { }
    }

    private Picture picture(String prompt, long seed) {
        return new Picture(folder.resolve(prompt + ".png"), ImageFormat.PNG, Recipes.plain(prompt, seed), false);
    }

    private void run(Gray painter, boolean json, boolean[] skip, Picture... pictures) throws IOException {
        PrintWriter errors = new PrintWriter(err, true);
        new Batch(List.of(pictures), 90, json, new PrintWriter(out, true), errors)
                .run(painter, skip, collected::add, new Progress(errors, false));
    }

    @Test
    void writesEachAndSaysSo() throws IOException {
        run(new Gray(), false, new boolean[2], picture("a", 10), picture("b", 20));
        assertEquals(List.of(folder.resolve("a.png").toString(), folder.resolve("b.png").toString()),
                out.toString().lines().toList());
        assertEquals("", err.toString());
        assertEquals(20, ImageFiles.read(folder.resolve("b.png")).pixels()[5]);
        assertEquals(Recipes.plain("b", 20).texts(), ImageFiles.texts(folder.resolve("b.png")));
        assertEquals(List.of(10L, 20L), collected.stream().map(GeneratedImage::seed).toList());
    }

    @Test
    void skipsTheFinished() throws IOException {
        Gray painter = new Gray();
        run(painter, true, new boolean[] {true, false}, picture("a", 10), picture("b", 20));
        assertEquals(List.of("b"), painter.painted);
        List<JsonNode> lines = out.toString().lines().<JsonNode>map(Json.MAPPER::readTree).toList();
        assertEquals(2, lines.size());
        assertTrue(lines.get(0).get("skipped").booleanValue() && !lines.get(0).has("seconds"));
        assertTrue(!lines.get(1).get("skipped").booleanValue() && lines.get(1).get("seconds").doubleValue() >= 0);
        assertEquals("b", lines.get(1).at("/recipe/prompt").stringValue());
        assertEquals(folder.resolve("b.png").toString(), lines.get(1).get("file").stringValue());
    }

    @Test
    void thePainterHearsWhichIsTheLastToPaint() throws IOException {
        Gray painter = new Gray();
        run(painter, false, new boolean[] {false, true, false, true}, picture("a", 1), picture("b", 2), picture("c", 3),
                picture("d", 4));
        assertEquals(List.of("a", "c"), painter.painted);
        assertEquals(List.of(false, true), painter.last);
    }

    @Test
    void aFailureLeavesWhatWasFinished() {
        assertThrows(IllegalStateException.class,
                () -> run(new Gray(), false, new boolean[3], picture("a", 1), picture("fail", 2), picture("c", 3)));
        assertTrue(Files.exists(folder.resolve("a.png")));
        assertArrayEquals(new String[] {"a.png"}, folder.toFile().list());
        assertEquals("", err.toString(), "a failure is no interruption");
    }
}
