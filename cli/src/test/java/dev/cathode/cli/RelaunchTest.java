package dev.cathode.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class RelaunchTest {
    @Test
    void keepsTheFirstMachinesArguments() {
        assertEquals(List.of("/jdk/bin/java", "-Xmx3g", "-Da=b c", "--add-modules=jdk.incubator.vector",
                        "--enable-native-access=ALL-UNNAMED", "-Dcathode.relaunched=true", "-XX:+UseSerialGC",
                        "-Dmore=1", "-cp", "/x/cathode.jar", "dev.cathode.cli.Main", "sample", "a b"),
                Relaunch.command("/jdk/bin/java", List.of("-Xmx3g", "-Da=b c"), List.of("-Dmore=1"),
                        "/x/cathode.jar", new String[] {"sample", "a b"}));
    }

    @Test
    void makesTheYoungGenerationSmallUnlessTheHeapIsChosen() {
        assertTrue(young("-Da=b").contains("-Xmn32m"));
        for (String chosen : List.of("-Xmx512m", "-Xmn64m", "-XX:NewSize=8m", "-XX:MaxRAM=1g", "-XX:+UseZGC")) {
            assertFalse(young(chosen).contains("-Xmn32m"), chosen);
        }
    }

    private static List<String> young(String input) {
        return Relaunch.command("java", List.of(input), List.of(), "x.jar", new String[0]);
    }

    @Test
    void leavesAChosenCollectorAlone() {
        assertFalse(Relaunch.command("java", List.of("-XX:+UseZGC"), List.of(), "x.jar", new String[0])
                .contains("-XX:+UseSerialGC"));
    }

    @Test
    void isNotNeededHere() {
        assertFalse(Relaunch.needed(), "tests run with the Vector API");
    }
}
