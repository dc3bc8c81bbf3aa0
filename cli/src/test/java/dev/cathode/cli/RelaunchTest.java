package dev.cathode.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

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
    void leavesAChosenCollectorAlone() {
        assertFalse(Relaunch.command("java", List.of("-XX:+UseZGC"), List.of(), "x.jar", new String[0])
                .contains("-XX:+UseSerialGC"));
    }

    @Test
    void isNotNeededHere() {
        assertFalse(Relaunch.needed(), "tests run with the Vector API");
    }
}
