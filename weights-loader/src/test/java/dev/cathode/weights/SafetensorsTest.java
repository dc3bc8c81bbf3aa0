package dev.cathode.weights;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsTest {
    @Test
    void missingTensorNamesSimilarOnes() {
        Goldens.Topic unet = Goldens.topic("unet/sd1");
        Checkpoint checkpoint = unet.file(unet.json().get("weights").asString());
        CheckpointException e = assertThrows(CheckpointException.class, () -> checkpoint.tensor("conv_in.wait"));
        assertTrue(e.getMessage().contains("'conv_in.weight'"), e.getMessage());
        assertTrue(e.getMessage().contains(checkpoint.source()), e.getMessage());
    }

    @Test
    void releasedTensorsComeBack() {
        Goldens.Topic unet = Goldens.topic("unet/sd1");
        Checkpoint checkpoint = unet.file(unet.json().get("weights").asString());
        for (String name : checkpoint.names()) {
            FileTensor tensor = checkpoint.tensor(name);
            float[] before = Goldens.floats(tensor);
            checkpoint.release(tensor);
            Goldens.assertClose(name, Goldens.floats(tensor), before, 0);
        }
    }

    @Test
    void metadataIsKept() {
        try (Checkpoint checkpoint =
                Checkpoints.open(Goldens.topic("checkpoints/broken").path("ok_metadata.safetensors"))) {
            assertEquals(Map.of("format", "pt", "x", "1"), checkpoint.metadata());
        }
    }

    @Test
    void tensorsBeyondFourGigabytes(@TempDir Path folder) throws IOException {
        Path path = folder.resolve("large.safetensors");
        long first = 5L << 30;
        String header = "{\"a\":{\"dtype\":\"U8\",\"shape\":[%d],\"data_offsets\":[0,%d]},".formatted(first, first)
                + "\"b\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[%d,%d]}}".formatted(first, first + 4);
        ByteBuffer start = ByteBuffer.allocate(8 + header.length()).order(ByteOrder.LITTLE_ENDIAN)
                .putLong(header.length()).put(header.getBytes(StandardCharsets.US_ASCII));
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
            file.write(start.array());
            file.seek(start.capacity() + first - 1);
            file.write(7);
            file.writeInt(Integer.reverseBytes(Float.floatToIntBits(1.5f)));
        }
        try (Checkpoint checkpoint = Checkpoints.open(path)) {
            assertEquals(first, checkpoint.tensor("a").count());
            assertEquals(7, checkpoint.tensor("a").data().get(ValueLayout.JAVA_BYTE, first - 1));
            assertEquals(1.5f, Goldens.floats(checkpoint.tensor("b"))[0]);
        }
    }
}
