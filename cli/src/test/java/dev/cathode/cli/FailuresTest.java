package dev.cathode.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.engine.runtime.InsufficientMemoryException;
import dev.cathode.weights.CheckpointException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class FailuresTest {
    @Test
    void filesGetASentence() {
        assertEquals("a/b: no such file or folder", Failures.message(new NoSuchFileException("a/b")));
        assertEquals("a/b: no permission", Failures.message(new AccessDeniedException("a/b")));
        assertEquals("a/b: not a folder", Failures.message(new NotDirectoryException("a/b")));
        assertEquals("a/b: No space left on device",
                Failures.message(new FileSystemException("a/b", null, "No space left on device")));
        assertEquals("a/b: no permission",
                Failures.message(new UncheckedIOException(new AccessDeniedException("a/b"))));
    }

    @Test
    void messagesStayOnOneLine() {
        assertEquals("m.safetensors: too short at 7",
                Failures.message(new CheckpointException("m.safetensors: too short\n  at 7\n")));
        assertEquals("why", Failures.message(new IOException("why")));
    }

    @Test
    void tooLittleMemoryComesWithAdvice() {
        String message = Failures.message(new InsufficientMemoryException(3L << 30, 2L << 30));
        assertTrue(message.contains("3.0 GiB") && message.contains("--memory low"), message);
    }

    @Test
    void theUnexpectedSaysSo() {
        assertTrue(Failures.message(new IllegalStateException("x")).startsWith("unexpected: "));
        assertTrue(Failures.message(new NullPointerException()).contains("-v"));
    }

    @Test
    void traceOnlyWhenVerbose() {
        assertFalse(failure(false).contains("\tat "));
        assertTrue(failure(true).contains("\tat dev.cathode.cli.FailuresTest"));
    }

    private static String failure(boolean verbose) {
        StringWriter err = new StringWriter();
        CommandLine line = CathodeCommand.commandLine(new PrintWriter(Writer.nullWriter()), new PrintWriter(err));
        assertEquals(1, Failures.failure(new IOException("why"), line, verbose));
        assertTrue(err.toString().startsWith("cathode: why" + System.lineSeparator()), err.toString());
        return err.toString();
    }
}
