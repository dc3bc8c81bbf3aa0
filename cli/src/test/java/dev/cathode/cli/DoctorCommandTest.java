package dev.cathode.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jdk.incubator.vector.FloatVector;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class DoctorCommandTest {
    @Test
    void thisMachineIsWell() {
        Outcome outcome = Outcome.of("doctor");
        assertEquals(0, outcome.code(), outcome.out());
        for (String word : new String[] {"Java ", "processors", "memory", "vectors", "mixed precision", "pictures"}) {
            assertTrue(outcome.out().contains(word), word);
        }
        assertTrue(!outcome.out().contains("MISSING"), outcome.out());
    }

    @Test
    void everyCudaLibraryHasALine() {
        String out = Outcome.of("doctor").out();
        for (String name : new String[] {"CUDA driver", "NVRTC", "cuBLASLt", "cuDNN", "NCCL"}) {
            assertTrue(out.lines().anyMatch(line -> line.startsWith(name + " ")
                    && (line.contains(" ok ") || line.contains("not usable"))), out);
        }
    }

    @Test
    void jsonSaysTheSame() {
        JsonNode json = Json.MAPPER.readTree(Outcome.of("doctor", "--json").out());
        assertEquals(Runtime.version().toString(), json.at("/java/version").stringValue());
        assertEquals(Runtime.getRuntime().availableProcessors(), json.at("/processor/available").intValue());
        assertEquals(FloatVector.SPECIES_PREFERRED.vectorBitSize(), json.at("/processor/vectorBits").intValue());
        assertTrue(json.at("/memory/totalBytes").longValue() > 0);
        for (JsonNode part : json.get("parts")) {
            assertTrue(part.get("usable").booleanValue() || !part.get("needed").booleanValue(), part.toString());
        }
    }
}
