package dev.cathode.weights;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

class BrokenFilesTest {
    private static final Goldens.Topic BROKEN = Goldens.topic("checkpoints/broken");
    private static final JsonNode CASES = BROKEN.json("cases.json").get("cases");
    private static final Duration NO_HANG = Duration.ofSeconds(20);

    static List<String> good() {
        return cases("load");
    }

    static List<String> bad() {
        return cases("error");
    }

    private static List<String> cases(String expect) {
        return CASES.propertyStream().filter(e -> e.getValue().get("expect").asString().equals(expect))
                .map(Map.Entry::getKey).toList();
    }

    @ParameterizedTest
    @MethodSource("good")
    void loads(String file) {
        JsonNode entry = CASES.get(file);
        String listed = entry.path("safetensors_library").asString(entry.path("torch_load_weights_only").asString(""));
        assertFalse(listed.isEmpty());
        try (Checkpoint checkpoint = Checkpoints.open(BROKEN.path(file))) {
            for (String name : checkpoint.names()) {
                FileTensor tensor = checkpoint.tensor(name);
                assertEquals(name, tensor.name());
                assertEquals(tensor.count(), Goldens.floats(tensor).length);
                assertTrue(listed.contains(name + " " + tensor.shape()), name);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("bad")
    void refuses(String file) {
        CheckpointException e = assertTimeoutPreemptively(NO_HANG, () -> assertThrows(CheckpointException.class,
                () -> Checkpoints.open(BROKEN.path(file)).close()));
        assertTrue(e.getMessage().contains(Path.of(file).getFileName().toString()), e.getMessage());
    }

    @Test
    void messagesSayWhatIsWrong() {
        assertSays("bad_lfs_pointer.safetensors", "Git LFS pointer");
        assertSays("bad_html.safetensors", "HTML");
        assertSays("bad_html.bin", "HTML");
        assertSays("bad_overlap.safetensors", "'b'", "inside the tensor before it");
        assertSays("bad_hole.safetensors", "'b'", "belong to no tensor");
        assertSays("bad_offsets_missing.safetensors", "'a'", "data_offsets");
        assertSays("bad_dtype_unknown.safetensors", "'a'", "dtype");
        assertSays("bad_shape_overflow.safetensors", "'a'", "2^63");
        assertSays("bad_duplicate_key.safetensors", "Duplicate");
        assertSays("hostile_system.bin", "posix.system");
        assertSays("hostile_system_legacy.bin", "posix.system");
        assertSays("hostile_legacy_after_magic.bin", "posix.system");
        assertSays("hostile_getattr.bin", "__import__");
        assertSays("hostile_torch_load.bin", "torch.serialization.load");
        assertSays("bad_unknown_class.bin", "'a'", "imaginary_package.module.Thing");
        assertSays("bad_missing_storage.bin", "data/0");
        assertSays("bad_size.bin", "'a'", "passes the end");
        assertSays("bad_bomb.bin", "compressed");
        assertSays("bad_not_a_dict.bin", "neither a dict of tensors");
        assertSays("index_missing_shard/model.safetensors.index.json", "none.safetensors", "no such file");
        assertSays("index_missing_tensor/model.safetensors.index.json", "'b'", "s.safetensors");
        assertSays("index_escape/model.safetensors.index.json", "own folder");
    }

    private static void assertSays(String file, String... words) {
        CheckpointException e =
                assertThrows(CheckpointException.class, () -> Checkpoints.open(BROKEN.path(file)).close(), file);
        for (String word : words) {
            assertTrue(e.getMessage().contains(word), e.getMessage());
        }
    }
}
