package dev.cathode.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.kernels.cuda.gpu.Gpu;
import dev.cathode.kernels.cuda.library.LibrarySearch;
import dev.cathode.weights.Goldens;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class BenchCommandTest {
    private static final String MODEL = Goldens.root().resolve("pipeline").resolve("model").toString();

    private static Outcome bench(String what, String... options) {
        List<String> words = new ArrayList<>(List.of("bench", what, "--model", MODEL, "--size", "64x64", "--runs", "2",
                "--warmup", "1", "--threads", "1"));
        words.addAll(List.of(options));
        return Outcome.of(words.toArray(String[]::new));
    }

    @Test
    void networksAndTrainingOnTheProcessor() {
        for (String what : List.of("text", "train")) {
            Outcome outcome = bench(what, "--json");
            assertEquals(0, outcome.code(), outcome.err());
            JsonNode found = new JsonMapper().readTree(outcome.out());
            assertEquals(2, found.get("runs").size());
            assertTrue(found.get("median_seconds").doubleValue() > 0, outcome.out());
            assertTrue(found.get("share_of_peak").doubleValue() > 0, outcome.out());
            assertTrue(found.get("mixed_peak_flops_per_second").doubleValue() > 0, outcome.out());
            assertFalse(found.get("kernels").isEmpty(), outcome.out());
        }
    }

    @Test
    void withoutAGpu() {
        Optional<String> obstacle = Gpu.obstacle(0, LibrarySearch.ofSystem());
        Assumptions.assumeTrue(obstacle.isPresent(), "this machine has a GPU");
        Outcome refused = bench("text", "--device", "cuda");
        assertEquals(1, refused.code());
        assertTrue(refused.err().contains(obstacle.get()), refused.err());
        Outcome done = bench("text", "--device", "auto");
        assertEquals(0, done.code(), done.err());
        assertTrue(done.err().contains("cathode: computing on the processor: " + obstacle.get()), done.err());
        assertTrue(done.out().contains("of the multiply-adds above"), done.out());
    }

    @Test
    void singleKernelsAreTheProcessors() {
        Outcome outcome = bench("gemm", "--device", "cuda");
        assertEquals(2, outcome.code());
        assertTrue(outcome.err().contains("--device: single kernels are the processor's"), outcome.err());
    }
}
