package dev.cathode.engine.train.log;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.WireFormat;
import dev.cathode.engine.image.ImageFiles;
import dev.cathode.engine.image.RgbImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TensorBoardLogTest {
    @TempDir
    Path folder;

    /// CRC-32C of "123456789" is 0xE3069283; masked as TensorFlow's `crc32c::Mask` does.
    @Test
    void checksumsAreTensorFlows() {
        int crc = 0xE3069283;
        assertEquals((crc >>> 15 | crc << 17) + 0xA282EAD8,
                EventFile.maskedCrc("123456789".getBytes(StandardCharsets.US_ASCII)));
    }

    @Test
    void stepsAreScalars() throws IOException {
        try (TensorBoardLog log = TensorBoardLog.open(folder, 0)) {
            log.step(new StepReport(1, 2, 0.5f, 5e-5, 0.25f, 4, 0.125));
            log.scalar(1, "validation/loss", 0.75);
        }
        List<Map<Integer, Object>> events = events(file(0));
        assertEquals("brain.Event:2", events.getFirst().get(3));
        // What earlier files say about step 1 and later ones does not count.
        assertEquals(Map.of(1, 1L), events.get(1).get(7));
        assertEquals(1L, events.get(1).get(2));
        Map<String, Float> scalars = new TreeMap<>();
        for (Map<Integer, Object> event : events.subList(2, events.size())) {
            assertTrue(Math.abs((double) event.get(1) - System.currentTimeMillis() / 1000.0) < 3600);
            assertEquals(1L, event.get(2));
            Map<?, ?> value = (Map<?, ?>) event.get(5);
            scalars.put((String) value.get(1), (Float) value.get(2));
        }
        assertEquals(Map.of("train/loss", 0.5f, "train/learning_rate", 5e-5f, "train/gradient_norm", 0.25f,
                "train/epoch", 2f, "speed/images_per_second", 4f, "speed/waited_seconds", 0.125f, "validation/loss",
                0.75f), scalars);
    }

    @Test
    void picturesArePngFiles() throws IOException {
        RgbImage image = new RgbImage(2, 3, new byte[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18});
        try (TensorBoardLog log = TensorBoardLog.open(folder, 0)) {
            log.image(9, "samples/0", image);
        }
        Map<?, ?> value = (Map<?, ?>) events(file(0)).getLast().get(5);
        assertEquals("samples/0", value.get(1));
        Map<?, ?> picture = (Map<?, ?>) value.get(4);
        assertEquals(List.of(3L, 2L, 3L), List.of(picture.get(1), picture.get(2), picture.get(3)));
        Path png = Files.write(folder.resolve("picture.png"), (byte[]) picture.get(4));
        assertArrayEquals(image.pixels(), ImageFiles.read(png).pixels());
    }

    @Test
    void aRunThatGoesOnAddsAFile() throws IOException {
        TensorBoardLog.open(folder, 0).close();
        TensorBoardLog.open(folder, 500).close();
        Map<Integer, Object> restart = events(file(1)).get(1);
        assertEquals(501L, restart.get(2));
        assertEquals(Map.of(1, 1L), restart.get(7));
        try (TensorBoardLog log = TensorBoardLog.open(folder, 0)) {
            assertThrows(IllegalArgumentException.class, () -> log.scalar(1, "a b", 1));
        }
    }

    /// The file of a run, by their order.
    private Path file(int index) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(f -> f.getFileName().toString().startsWith("events.out.tfevents.")).sorted()
                    .skip(index).findFirst().orElseThrow();
        }
    }

    /// The frames of a file as messages, with both checksums compared.
    private static List<Map<Integer, Object>> events(Path file) throws IOException {
        ByteBuffer buffer = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        List<Map<Integer, Object>> events = new ArrayList<>();
        while (buffer.hasRemaining()) {
            byte[] length = new byte[8];
            buffer.get(length);
            assertEquals(masked(length), buffer.getInt());
            byte[] event = new byte[(int) ByteBuffer.wrap(length).order(ByteOrder.LITTLE_ENDIAN).getLong()];
            buffer.get(event);
            assertEquals(masked(event), buffer.getInt());
            events.add(message(event, "event"));
        }
        return events;
    }

    private static int masked(byte[] bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes);
        int value = (int) crc.getValue();
        return (value >>> 15 | value << 17) + 0xA282EAD8;
    }

    /// The fields of a message by their number; a summary with one value stands for that value.
    private static Map<Integer, Object> message(byte[] bytes, String type) throws IOException {
        Map<Integer, Object> fields = new TreeMap<>();
        CodedInputStream in = CodedInputStream.newInstance(bytes);
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            int field = WireFormat.getTagFieldNumber(tag);
            Object value = switch (WireFormat.getTagWireType(tag)) {
                case WireFormat.WIRETYPE_FIXED64 -> in.readDouble();
                case WireFormat.WIRETYPE_FIXED32 -> in.readFloat();
                case WireFormat.WIRETYPE_VARINT -> in.readInt64();
                default -> {
                    byte[] content = in.readByteArray();
                    yield switch (type + field) {
                        case "event3", "value1" -> new String(content, StandardCharsets.UTF_8);
                        case "event5" -> message(content, "summary").get(1);
                        case "event7" -> message(content, "session");
                        case "summary1" -> message(content, "value");
                        case "value4" -> message(content, "image");
                        default -> content;
                    };
                }
            };
            assertEquals(null, fields.put(field, value));
        }
        return fields;
    }
}
