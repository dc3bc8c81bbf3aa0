package dev.cathode.weights;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
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

    /// Pages of a file count as resident once read, and no longer after they are released.
    @Test
    @EnabledOnOs(OS.LINUX)
    void releasedTensorsLeaveMemory(@TempDir Path folder) throws IOException {
        long size = 64 << 20;
        Path path = folder.resolve("large.safetensors");
        SafetensorsWriter.write(path, List.of(new SafetensorsWriter.Entry("a", DType.U8, List.of(size),
                () -> Arena.ofAuto().allocate(size))), Map.of());
        try (Checkpoint checkpoint = Checkpoints.open(path)) {
            long before = residentFilePages();
            FileTensor tensor = checkpoint.tensor("a");
            long sum = 0;
            for (long i = 0; i < size; i += 1024) {
                sum += tensor.data().get(ValueLayout.JAVA_BYTE, i);
            }
            assertEquals(0, sum);
            long read = residentFilePages();
            checkpoint.release(tensor);
            long after = residentFilePages();
            assertTrue(read - before > size * 3 / 4 && read - after > size * 3 / 4,
                    before + " before, " + read + " when read, " + after + " when released");
        }
    }

    private static long residentFilePages() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/status")).stream().filter(line -> line.startsWith("RssFile:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024).findFirst().orElseThrow();
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
