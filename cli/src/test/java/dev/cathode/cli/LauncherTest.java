package dev.cathode.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/// The launcher script, in a tree with a pretended JDK and a pretended Maven.
@DisabledOnOs(OS.WINDOWS)
class LauncherTest {
    @TempDir
    Path folder;

    private Path root;
    private Path jar;
    private final Map<String, String> environment = new HashMap<>();

    @BeforeEach
    void plant() throws IOException {
        root = Files.createDirectories(folder.resolve("the tree"));
        Files.copy(Path.of("..", "cathode"), root.resolve("cathode"));
        jar = root.resolve("cli/target/cathode.jar");
        Files.createDirectories(root.resolve("cli/src/main/java"));
        Files.writeString(root.resolve("pom.xml"), "");
        script(root.resolve("mvnw"), "echo maven \"$@\"; mkdir -p cli/target; echo jar > cli/target/cathode.jar");
        environment.put("JAVA_HOME", jdk("home", 25).toString());
        for (String variable : List.of("CATHODE_JAVA", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS")) {
            environment.put(variable, null);
        }
        environment.put("HOME", folder.resolve("nobody").toString());
    }

    private static void script(Path file, String text) throws IOException {
        Files.createDirectories(file.getParent());
        Files.writeString(file, "#!/bin/sh\n" + text + "\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    /// A JDK that prints what it is asked to do.
    private Path jdk(String name, int version) throws IOException {
        Path home = folder.resolve(name);
        script(home.resolve("bin/java"), "echo " + name + "; for a in \"$@\"; do echo \"<$a>\"; done; exit 7");
        Files.writeString(home.resolve("release"), "IMPLEMENTOR=\"x\"\nJAVA_VERSION=\"" + version + ".0.1\"\n");
        return home;
    }

    private Outcome launch(String... args) {
        List<String> command = new ArrayList<>(List.of("sh", root.resolve("cathode").toString()));
        command.addAll(List.of(args));
        return Outcome.ofProcess(command, environment);
    }

    @Test
    void buildsOnceAndHandsEverythingOn() {
        Outcome first = launch("sample", "two words", "$HOME");
        assertEquals(7, first.code(), "the exit code is the program's: " + first.err());
        List<String> lines = first.out().lines().toList();
        assertTrue(lines.contains("<--add-modules=jdk.incubator.vector>"), first.out());
        assertEquals(List.of("<-jar>", "<" + jar + ">", "<sample>", "<two words>", "<$HOME>"), lines.reversed()
                .subList(0, 5).reversed());
        assertTrue(first.err().contains("maven -q -B -pl cli -am package -DskipTests"), first.err());
        Outcome second = launch("--version");
        assertEquals("", second.err(), "nothing to build");
        assertEquals(7, second.code());
    }

    @Test
    void buildsAgainWhenASourceIsNewer() throws IOException {
        launch();
        Path source = Files.writeString(root.resolve("cli/src/main/java/A.java"), "");
        Files.setLastModifiedTime(source, FileTime.from(Instant.now().plusSeconds(60)));
        assertTrue(launch().err().contains("building"));
    }

    @Test
    void aBrokenBuildRunsNothing() throws IOException {
        script(root.resolve("mvnw"), "echo no; exit 1");
        Outcome outcome = launch("--version");
        assertEquals(1, outcome.code());
        assertEquals("", outcome.out());
        assertTrue(outcome.err().contains("the build failed"), outcome.err());
    }

    @Test
    void withoutSourcesTheJarMustBeThere() throws IOException {
        Files.delete(root.resolve("pom.xml"));
        Outcome missing = launch();
        assertEquals(1, missing.code());
        assertTrue(missing.err().contains("is missing"), missing.err());
        Files.writeString(Files.createDirectories(jar.getParent()).resolve("cathode.jar"), "jar");
        assertEquals(7, launch().code());
    }

    @Test
    void passesArgumentsForTheMachine() {
        environment.put("CATHODE_JAVA", "-Xmx4g -Da=b");
        assertEquals(List.of("home", "<-Xmx4g>", "<-Da=b>", "<-jar>"), launch().out().lines().limit(4).toList());
    }

    @Test
    void skipsAnOldJavaHomeForTheUsualFolders() throws IOException {
        environment.put("JAVA_HOME", jdk("old", 21).toString());
        environment.put("PATH", "/usr/bin:/bin");
        Path sdkman = jdk("nobody/.sdkman/candidates/java/99-test", 99); // newer than whatever this machine has
        Outcome outcome = launch("x");
        assertEquals(folder.relativize(sdkman).toString(), outcome.out().lines().findFirst().orElseThrow());
    }

    @Test
    void followsLinksToItself() throws IOException {
        Path link = Files.createSymbolicLink(folder.resolve("link"), root.resolve("cathode"));
        Outcome outcome = Outcome.ofProcess(List.of("sh", link.toString(), "x"), environment);
        assertTrue(outcome.out().contains("<-jar>\n<" + jar + ">\n<x>\n"), outcome.out());
    }
}
