package dev.cathode.engine.diffusion.schedulers;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.weights.Goldens;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Runs with the options that the golden files do not have; diffusers made them by tools/goldens/scheduler_options.py.
class SchedulerOptionsTest {
    @TestFactory
    Stream<DynamicTest> runsEqualDiffusers() throws IOException {
        List<JsonNode> cases = new ArrayList<>();
        try (InputStream json = SchedulerOptionsTest.class.getResourceAsStream("options.json")) {
            new JsonMapper().readTree(json).forEach(cases::add);
        }
        assertTrue(cases.size() > 40, "cases: " + cases.size());
        return cases.stream().map(entry -> DynamicTest.dynamicTest(entry.get("class").asString() + " "
                + entry.get("config"), () -> compare(entry)));
    }

    private static void compare(JsonNode entry) {
        Scheduler scheduler = Schedulers.of(new SchedulerConfig("options.json", entry.get("class").asString(),
                entry.get("config")));
        if (entry.get("arguments").has("eta") && scheduler instanceof DDIMScheduler ddim) {
            scheduler = ddim.withEta(entry.get("arguments").get("eta").asDouble());
        }
        int steps = entry.get("steps").asInt();
        assertArrayEquals(numbers(entry.get("timesteps")), scheduler.start(steps).timesteps(), 1e-4);
        FakeNetwork.Run result = FakeNetwork.run(scheduler.start(steps, entry.get("start").asInt()),
                FakeNetwork.floats(numbers(entry.get("noise"))), FakeNetwork.floats(numbers(entry.get("step_noise"))));
        Goldens.assertClose("trajectory", result.trajectory(), FakeNetwork.floats(numbers(entry.get("trajectory"))),
                entry.get("tol").asDouble());
    }

    private static double[] numbers(JsonNode array) {
        return array.valueStream().mapToDouble(JsonNode::asDouble).toArray();
    }
}
