package dev.cathode.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.weights.Goldens;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/// The built jar as a process.
class ProcessIT {
    private static final Map<String, String> PLAIN = new HashMap<>();

    static {
        for (String variable : List.of("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS")) {
            PLAIN.put(variable, null);
        }
    }

    private static List<String> jar(List<String> machine, String... args) {
        List<String> command = new ArrayList<>(Outcome.jar(args));
        command.addAll(1, machine);
        return command;
    }

    @ParameterizedTest
    @ValueSource(strings = {"exec", "child"})
    void runsWithoutFlagsAndWithoutNoise(String how) {
        Outcome outcome = Outcome.ofProcess(jar(List.of("-Dcathode.relaunch=" + how), "--version"), PLAIN);
        assertEquals(0, outcome.code(), outcome.err());
        assertEquals(3, outcome.out().lines().count(), outcome.out());
        assertTrue(outcome.out().matches("(?s)cathode \\d.*"), "the version comes from the manifest: " + outcome.out());
        if (how.equals("exec")) {
            assertEquals("", outcome.err(), "not even the warning about incubator modules");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"exec", "child"})
    void theExitCodeIsTheCommands(String how) {
        Outcome outcome = Outcome.ofProcess(jar(List.of("-Dcathode.relaunch=" + how), "doctor", "--nonsense"), PLAIN);
        assertEquals(2, outcome.code());
        assertEquals("", outcome.out());
        assertTrue(outcome.err().contains("cathode doctor: ") && outcome.err().contains("--nonsense"), outcome.err());
    }

    @Test
    void theMachinesOwnArgumentsSurvive() {
        List<String> machine = List.of("-Xmx200m", "-XX:+UseParallelGC", "-Duser.language=tr");
        Outcome outcome = Outcome.ofProcess(jar(machine, "doctor", "--json"), PLAIN);
        assertEquals("", outcome.err());
        JsonNode json = Json.MAPPER.readTree(outcome.out());
        long heap = json.at("/java/maxHeapBytes").longValue();
        assertTrue(heap > 0 && heap <= 200L << 20, outcome.out());
    }

    @Test
    void aSmallHeapIsOneLine() {
        Path model = Goldens.root().resolve("pipeline/model");
        Outcome outcome = Outcome.ofProcess(jar(List.of("-Xmx24m"), "sample", "x", "--model", model.toString(),
                "--size", "2048", "--steps", "1", "--out", "target/never.png"), PLAIN);
        assertEquals(1, outcome.code(), outcome.err());
        assertTrue(outcome.err().contains("cathode: out of memory") && outcome.err().contains("-Xmx"), outcome.err());
        assertEquals("", outcome.out());
    }

    @Test
    void argumentsFromTheEnvironmentCountOnce() {
        Map<String, String> environment = new HashMap<>(PLAIN);
        environment.put("JDK_JAVA_OPTIONS", "-Xmx300m");
        Outcome outcome = Outcome.ofProcess(Outcome.jar("doctor", "--json"), environment);
        assertEquals(0, outcome.code(), outcome.err());
        assertEquals(1, outcome.err().lines().count(), "one note that the variable was used: " + outcome.err());
        assertTrue(Json.MAPPER.readTree(outcome.out()).at("/java/maxHeapBytes").longValue() <= 300L << 20);
    }

    @Test
    void oddArgumentsArriveAsTheyAre() {
        Outcome outcome = Outcome.ofProcess(Outcome.jar("doctor", "--", "a b", "*", "@x", "größe"), PLAIN);
        assertEquals(2, outcome.code());
        assertTrue(outcome.err().contains("'a b', '*', '@x', 'größe'"), outcome.err());
    }

    @Test
    @DisabledOnOs(OS.WINDOWS)
    void theLauncherStartsItToo() {
        Map<String, String> environment = new HashMap<>(PLAIN);
        environment.put("JAVA_HOME", System.getProperty("java.home"));
        environment.put("CATHODE_JAVA", null);
        environment.put("LC_ALL", "C");
        Outcome outcome = Outcome.ofProcess(List.of("sh", "../cathode", "doctor", "größe"), environment);
        assertEquals(2, outcome.code(), outcome.err());
        assertEquals("", outcome.out());
        assertEquals(1, outcome.err().lines().count(), outcome.err());
        assertTrue(outcome.err().contains("'größe'"), outcome.err());
    }

    /// Containers often have no locale.
    @Test
    @EnabledOnOs(OS.LINUX)
    void lettersBeyondAsciiArriveInTheCLocale() {
        Map<String, String> environment = new HashMap<>(PLAIN);
        environment.put("LC_ALL", "C");
        Outcome outcome = Outcome.ofProcess(Outcome.jar("doctor", "größe"), environment);
        assertTrue(outcome.err().contains("'größe'"), outcome.err());
    }

    @Test
    void startsFromAnotherFolderAndByFlagsOfItsUser() {
        Path jar = Path.of("target", "cathode.jar").toAbsolutePath();
        Outcome outcome = Outcome.ofProcess(List.of("sh", "-c", "cd / && exec \"$0\" \"$@\"",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules=jdk.incubator.vector", "-jar", jar.toString(), "--version"), PLAIN);
        assertEquals(0, outcome.code(), outcome.err());
        assertEquals(3, outcome.out().lines().count());
    }
}
