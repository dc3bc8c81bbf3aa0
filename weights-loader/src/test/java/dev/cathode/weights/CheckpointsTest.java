package dev.cathode.weights;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointsTest {
    private static final Goldens.Topic FILES = Goldens.topic("checkpoints");

    @TempDir
    private Path folder;

    @Test
    void contentsCountNotNames() throws IOException {
        Path safetensors = Files.copy(FILES.path("state_expected.safetensors"), folder.resolve("a.ckpt"));
        Path zip = Files.copy(FILES.path("state_zip.bin"), folder.resolve("b.weights"));
        Path legacy = Files.copy(FILES.path("state_legacy.bin"), folder.resolve("c.pth"));
        for (Path file : new Path[] {safetensors, zip, legacy}) {
            try (Checkpoint checkpoint = Checkpoints.open(file)) {
                TorchFileTest.assertEqual(FILES.file("state_expected.safetensors"), checkpoint);
                assertEquals(file.toString(), checkpoint.source());
            }
        }
    }

    @Test
    void othersAreRecognised() throws IOException {
        assertSays("x.safetensors", Files.readAllBytes(FILES.path("state_zip.bin")), "torch.save");
        assertSays("x.gz", new byte[] {0x1f, (byte) 0x8b, 8, 0}, "gunzip");
        assertSays("x.gguf", "GGUF....".getBytes(StandardCharsets.US_ASCII), "GGUF");
        assertSays("x.h5", new byte[] {(byte) 0x89, 'H', 'D', 'F', 13, 10}, "HDF5");
        assertSays("x.bin", "hello, world".getBytes(StandardCharsets.US_ASCII), "neither");
        CheckpointException e = assertThrows(CheckpointException.class, () -> Checkpoints.open(folder));
        assertTrue(e.getMessage().contains("is a folder"), e.getMessage());
    }

    @Test
    void closingTwiceIsHarmless() {
        Checkpoint checkpoint = Checkpoints.open(FILES.path("state_zip.bin"));
        checkpoint.close();
        checkpoint.close();
        assertThrows(IllegalStateException.class, () -> Goldens.floats(checkpoint.tensor("float32")));
    }

    @Test
    void readsFilesInAJar() throws IOException {
        Path jar = folder.resolve("model.jar");
        try (FileSystem inside = FileSystems.newFileSystem(jar, Map.of("create", "true"))) {
            Path packed = Files.copy(FILES.path("state_expected.safetensors"), inside.getPath("/m.safetensors"));
            try (Checkpoint checkpoint = Checkpoints.open(packed)) {
                checkpoint.names().forEach(name -> checkpoint.release(checkpoint.tensor(name)));
                TorchFileTest.assertEqual(FILES.file("state_expected.safetensors"), checkpoint);
            }
        }
    }

    private void assertSays(String name, byte[] bytes, String word) throws IOException {
        Path file = Files.write(folder.resolve(name), bytes);
        CheckpointException e = assertThrows(CheckpointException.class, () -> Checkpoints.open(file));
        assertTrue(e.getMessage().contains(word) && e.getMessage().contains(name), e.getMessage());
    }
}
