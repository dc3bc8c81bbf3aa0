package dev.cathode.weights;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.weights.SafetensorsWriter.Entry;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsWriterTest {
    private static final Goldens.Topic FILES = Goldens.topic("checkpoints");

    @TempDir
    private Path folder;

    @Test
    void everyTypeComesBack() {
        for (String file : List.of("state_zip.bin", "state_wrapped.ckpt", "broken/ok_odd_offsets.safetensors",
                "broken/ok_non_ascii_name.safetensors", "broken/ok_zero_size.safetensors",
                "broken/ok_no_tensors.safetensors", "broken/ok_metadata.safetensors")) {
            Path copy = folder.resolve("copy.safetensors");
            SafetensorsWriter.write(copy, FILES.file(file), Optional.empty());
            try (Checkpoint back = Checkpoints.open(copy)) {
                TorchFileTest.assertEqual(FILES.file(file), back);
                assertEquals(FILES.file(file).metadata(), back.metadata());
            }
        }
    }

    @Test
    void tensorsAreAligned() throws IOException {
        Path file = folder.resolve("aligned.safetensors");
        SafetensorsWriter.write(file, FILES.file("state_zip.bin"), Optional.empty());
        long header = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN).getLong();
        assertEquals(0, (8 + header) % 64);
        try (Checkpoint back = Checkpoints.open(file)) {
            for (String name : back.names()) {
                FileTensor tensor = back.tensor(name);
                assertEquals(0, tensor.data().address() % tensor.dtype().bytes(), name);
            }
        }
    }

    @Test
    void floatsAreRounded() {
        Checkpoint full = FILES.file("sharded/expected.safetensors");
        for (Map.Entry<DType, String> half : Map.of(DType.F16, "half/model.fp16.safetensors", DType.BF16,
                "half/model.bf16.safetensors").entrySet()) {
            Path file = folder.resolve("half.safetensors");
            SafetensorsWriter.write(file, full, Optional.of(half.getKey()));
            try (Checkpoint back = Checkpoints.open(file)) {
                TorchFileTest.assertEqual(FILES.file(half.getValue()), back);
            }
        }
        Path file = folder.resolve("mixed.safetensors");
        SafetensorsWriter.write(file, FILES.file("state_zip.bin"), Optional.of(DType.F32));
        try (Checkpoint back = Checkpoints.open(file)) {
            assertEquals(DType.I64, back.tensor("int64").dtype());
            assertEquals(DType.BOOL, back.tensor("bool").dtype());
            assertEquals(DType.F32, back.tensor("float64").dtype());
            assertArrayEquals(Goldens.floats(FILES.file("state_zip.bin").tensor("bfloat16")),
                    Goldens.floats(back.tensor("bfloat16")));
        }
    }

    @Test
    void aCheckpointCanReplaceItself() {
        Path file = folder.resolve("same.safetensors");
        SafetensorsWriter.write(file, FILES.file("sharded/expected.safetensors"), Optional.empty());
        try (Checkpoint old = Checkpoints.open(file)) {
            SafetensorsWriter.write(file, old, Optional.of(DType.BF16));
        }
        try (Checkpoint back = Checkpoints.open(file)) {
            TorchFileTest.assertEqual(FILES.file("half/model.bf16.safetensors"), back);
        }
    }

    @Test
    void afterAFailureNothingRemains() throws IOException {
        Path file = folder.resolve("weights.safetensors");
        Entry good = new Entry("a", DType.F32, List.of(2L), () -> MemorySegment.ofArray(new byte[8]));
        Entry broken = new Entry("b", DType.F32, List.of(2L), () -> {
            throw new IllegalStateException("lost");
        });
        Entry shorter = new Entry("c", DType.F32, List.of(2L), () -> MemorySegment.ofArray(new byte[7]));
        SafetensorsWriter.write(file, List.of(good), Map.of("step", "1"));
        byte[] before = Files.readAllBytes(file);
        assertThrows(IllegalStateException.class,
                () -> SafetensorsWriter.write(file, List.of(good, broken), Map.of()));
        assertMessage("'c'", List.of(good, shorter), file);
        assertMessage("'a'", List.of(good, good), file);
        assertMessage("'__metadata__'",
                List.of(new Entry("__metadata__", DType.U8, List.of(0L), () -> MemorySegment.NULL)), file);
        assertArrayEquals(before, Files.readAllBytes(file));
        assertMessage("none", List.of(good), folder.resolve("none/weights.safetensors"));
        assertEquals(List.of("weights.safetensors"), Arrays.asList(folder.toFile().list()));
    }

    private static void assertMessage(String word, List<Entry> entries, Path file) {
        CheckpointException e =
                assertThrows(CheckpointException.class, () -> SafetensorsWriter.write(file, entries, Map.of()));
        assertTrue(e.getMessage().contains(word), e.getMessage());
    }
}
