package dev.cathode.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

class ProgressTest {
    private static String of(boolean shown) {
        StringWriter err = new StringWriter();
        Progress progress = new Progress(new PrintWriter(err, true), shown);
        try (Progress.Bar bar = progress.start("sample 1/2", 3)) {
            bar.phase("decoding");
            for (int step = 1; step <= 4; step++) {
                bar.step(step, 4);
            }
        }
        progress.note("a note");
        return err.toString();
    }

    @Test
    void aTerminalSeesTheBar() {
        String text = of(true);
        assertTrue(text.contains("sample 1/2") && text.contains("100%") && text.contains("4/4 steps"), text);
        assertTrue(text.strip().endsWith("a note"));
    }

    @Test
    void otherwiseThereAreOnlyNotes() {
        assertEquals("a note" + System.lineSeparator(), of(false));
    }
}
