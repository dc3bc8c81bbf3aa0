package dev.cathode.engine.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.cathode.weights.Goldens;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import tools.jackson.databind.JsonNode;

class EmaDecayTest {
    @TestFactory
    Stream<DynamicTest> equalsThatOfDiffusers() {
        return Goldens.topic("training").json("ema_decay.json").propertyStream().map(e ->
                DynamicTest.dynamicTest(e.getKey(), () -> compare(e.getValue())));
    }

    private static void compare(JsonNode golden) {
        JsonNode options = golden.get("options");
        EmaDecay ema = new EmaDecay(options.path("decay").asDouble(0.9999), options.path("min_decay").asDouble(0),
                options.path("update_after_step").asLong(0), options.path("use_ema_warmup").asBoolean(false),
                options.path("inv_gamma").asDouble(1), options.path("power").asDouble(2.0 / 3));
        List<JsonNode> decays = golden.get("decay").valueStream().toList();
        assertFalse(decays.isEmpty());
        for (int n = 1; n <= decays.size(); n++) {
            assertEquals(decays.get(n - 1).asDouble(), ema.at(n), 1e-14, "step " + n);
        }
    }

    @Test
    void longRunsReachTheDecay() {
        assertEquals(0.9999, EmaDecay.of(0.9999).at(1_000_000));
        assertEquals(1, new EmaDecay(1, 1, 0, false, 1, 1).at(2));
    }

    @Test
    void nonsenseIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> EmaDecay.of(1.1));
        assertThrows(IllegalArgumentException.class, () -> new EmaDecay(0.5, 0.6, 0, false, 1, 1));
        assertThrows(IllegalArgumentException.class, () -> new EmaDecay(0.5, 0, -1, false, 1, 1));
        assertThrows(IllegalArgumentException.class, () -> new EmaDecay(0.5, 0, 0, true, 0, 1));
    }
}
