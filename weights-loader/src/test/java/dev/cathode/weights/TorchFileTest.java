package dev.cathode.weights;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TorchFileTest {
    private static final Goldens.Topic TOPIC = Goldens.topic("checkpoints");

    @ParameterizedTest
    @ValueSource(strings = {"state_zip.bin", "state_legacy.bin", "state_wrapped.ckpt"})
    void stateDicts(String file) {
        assertEqual(TOPIC.file("state_expected.safetensors"), TOPIC.file(file));
    }

    @ParameterizedTest
    @ValueSource(strings = {"whole_module.pt", "whole_module_legacy.pt"})
    void wholeModules(String file) {
        assertEqual(Goldens.topic("densenet").file("model.safetensors"), TOPIC.file(file));
    }

    @Test
    void shards() {
        assertEqual(TOPIC.file("sharded/expected.safetensors"), TOPIC.file("sharded/model.safetensors.index.json"));
    }

    @Test
    void plainValuesBesideTheStateDictAreMetadata() {
        assertEquals(Map.of("epoch", "3", "note", "wrapped"), TOPIC.file("state_wrapped.ckpt").metadata());
    }

    @Test
    void leftoversOfTrainingAreIgnored() {
        Checkpoint ldm = TOPIC.file("ldm.ckpt");
        assertEquals("470000", ldm.metadata().get("global_step"));
        assertEquals(DType.I32, ldm.tensor("model_ema.num_updates").dtype());
        assertEquals(List.of(1L, 77L),
                ldm.tensor("cond_stage_model.transformer.text_model.embeddings.position_ids").shape());
    }

    static void assertEqual(Checkpoint expected, Checkpoint actual) {
        Set<String> names = new TreeSet<>(expected.names());
        assertEquals(names, new TreeSet<>(actual.names()));
        for (String name : names) {
            FileTensor want = expected.tensor(name);
            FileTensor got = actual.tensor(name);
            assertEquals(name, got.name());
            assertEquals(want.dtype(), got.dtype(), name);
            assertEquals(want.shape(), got.shape(), name);
            assertEquals(-1, MemorySegment.mismatch(want.data(), 0, want.data().byteSize(), got.data(), 0,
                    got.data().byteSize()), name);
        }
    }
}
