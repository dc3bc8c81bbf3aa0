package dev.cathode.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.Writer;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

class CathodeCommandTest {
    @Test
    void versionNamesProgramRuntimeAndSystem() {
        Outcome outcome = Outcome.of("--version");
        assertEquals(0, outcome.code());
        assertEquals("", outcome.err());
        List<String> lines = outcome.out().lines().toList();
        assertEquals(3, lines.size());
        assertTrue(lines.get(0).startsWith("cathode "), lines.get(0));
        assertTrue(lines.get(1).startsWith("Java " + Runtime.version()), lines.get(1));
        assertTrue(lines.get(2).contains(System.getProperty("os.arch")), lines.get(2));
    }

    @Test
    void everyCommandExplainsItself() {
        PrintWriter nowhere = new PrintWriter(Writer.nullWriter());
        CommandLine line = CathodeCommand.commandLine(nowhere, nowhere);
        Outcome all = Outcome.of("--help");
        assertEquals(0, all.code());
        assertTrue(all.out().contains("130"), "exit codes are part of the help");
        for (String command : line.getSubcommands().keySet()) {
            assertTrue(all.out().contains(command), command);
            Outcome help = Outcome.of(command, "--help");
            assertEquals(0, help.code(), command);
            assertEquals("", help.err(), command);
            assertTrue(help.out().startsWith("Usage: cathode " + command), help.out());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "paint", "--nonsense", "doctor --nonsense", "doctor too many"})
    void aWrongCommandLineIsOneLine(String line) {
        Outcome outcome = Outcome.of(line.isEmpty() ? new String[0] : line.split(" "));
        assertEquals(2, outcome.code());
        assertEquals("", outcome.out());
        assertEquals(1, outcome.err().lines().count(), outcome.err());
        assertTrue(outcome.err().startsWith("cathode") && outcome.err().contains("--help explains"), outcome.err());
    }

    @Test
    void theCompletionScriptKnowsTheCommands() {
        Outcome outcome = Outcome.of("completion");
        assertEquals(0, outcome.code());
        assertTrue(outcome.out().startsWith("#!/usr/bin/env bash"));
        assertTrue(outcome.out().contains("doctor") && outcome.out().contains("--json"));
    }
}
