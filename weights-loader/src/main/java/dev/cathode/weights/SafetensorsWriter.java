package dev.cathode.weights;

import dev.cathode.weights.file.Json;
import dev.cathode.weights.file.Quote;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Supplier;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// Writes safetensors files. One tensor at a time is in memory; the file appears under its name only when it is whole.
///
/// Wide types come first, as in files of the reference library, and the data begin at a multiple of 64 bytes, so that
/// every tensor is aligned to its elements.
public final class SafetensorsWriter {
    private static final int ALIGNMENT = 64;
    private static final int LENGTH_BYTES = 8;
    private static final int MAX_HEADER = 100_000_000;
    private static final int CHUNK = 1 << 20;
    private static final JsonMapper JSON = JsonMapper.shared();

    private SafetensorsWriter() {
    }

    /// A tensor to write.
    ///
    /// @param data gives the bytes when it is the tensor's turn: contiguous, row-major, little-endian
    public record Entry(String name, DType dtype, List<Long> shape, Supplier<MemorySegment> data) {
        /// The length of the data.
        ///
        /// @throws ArithmeticException if it is beyond 2^63
        public long bytes() {
            return shape.stream().reduce((long) dtype.bytes(), Math::multiplyExact);
        }
    }

    /// Writes all tensors of a checkpoint, and its metadata.
    ///
    /// @param floats the type that all floating-point tensors are rounded to; empty: as they are
    /// @throws CheckpointException if a tensor cannot be read or the file not be written; no part of it remains
    public static void write(Path file, Checkpoint checkpoint, Optional<DType> floats) {
        List<Entry> entries = new ArrayList<>();
        for (String name : checkpoint.names()) {
            FileTensor tensor = checkpoint.tensor(name);
            DType dtype = tensor.dtype().isFloat() ? floats.orElse(tensor.dtype()) : tensor.dtype();
            entries.add(new Entry(name, dtype, tensor.shape(), () -> convert(checkpoint.tensor(name), dtype)));
        }
        write(file, entries, checkpoint.metadata(), data -> checkpoint.release(
                new FileTensor("", DType.U8, List.of(data.byteSize()), data)));
    }

    /// Writes tensors.
    ///
    /// @param metadata text to be kept in the file beside them
    /// @throws CheckpointException if the file cannot be written, a name is there twice, or data have another length
    ///     than their shape; no part of the file remains
    public static void write(Path file, List<Entry> tensors, Map<String, String> metadata) {
        write(file, tensors, metadata, data -> { });
    }

    private static void write(Path file, List<Entry> tensors, Map<String, String> metadata,
            Consumer<MemorySegment> done) {
        List<Entry> entries = new ArrayList<>(tensors);
        entries.sort(Comparator.comparingInt(entry -> -entry.dtype.bytes()));
        byte[] header = header(file, entries, metadata);
        Path whole = file.toAbsolutePath();
        Path temporary = whole.resolveSibling("." + whole.getFileName() + "." + UUID.randomUUID() + ".tmp");
        try {
            try (FileChannel channel = FileChannel.open(temporary, StandardOpenOption.WRITE,
                    StandardOpenOption.CREATE_NEW)) {
                writeAll(channel, ByteBuffer.allocate(LENGTH_BYTES).order(ByteOrder.LITTLE_ENDIAN)
                        .putLong(0, header.length));
                writeAll(channel, ByteBuffer.wrap(header));
                for (Entry entry : entries) {
                    MemorySegment data = entry.data.get();
                    if (data.byteSize() != entry.bytes()) {
                        throw new CheckpointException(file + ": tensor " + Quote.of(entry.name) + " of shape "
                                + entry.shape + " and type " + entry.dtype + " has " + data.byteSize() + " bytes");
                    }
                    for (long at = 0; at < data.byteSize(); at += CHUNK) {
                        writeAll(channel, data.asSlice(at, Math.min(CHUNK, data.byteSize() - at)).asByteBuffer());
                    }
                    done.accept(data);
                }
                channel.force(true);
            }
            move(temporary, whole);
        } catch (IOException e) {
            throw new CheckpointException(file + ": cannot be written: " + e, e);
        } finally {
            deleteLeftover(temporary);
        }
    }

    private static byte[] header(Path file, List<Entry> entries, Map<String, String> metadata) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        if (!metadata.isEmpty()) {
            ObjectNode texts = json.putObject("__metadata__");
            metadata.forEach(texts::put);
        }
        Set<String> names = new HashSet<>(Set.of("__metadata__"));
        long end = 0;
        for (Entry entry : entries) {
            if (!names.add(entry.name)) {
                throw new CheckpointException(file + ": tensor " + Quote.of(entry.name) + " cannot be written twice, "
                        + "nor one named '__metadata__'");
            }
            ObjectNode tensor = json.putObject(entry.name);
            tensor.put("dtype", entry.dtype.name());
            ArrayNode shape = tensor.putArray("shape");
            entry.shape.forEach(shape::add);
            tensor.putArray("data_offsets").add(end).add(end + entry.bytes());
            end += entry.bytes();
        }
        try {
            byte[] text = JSON.writeValueAsBytes(json);
            byte[] padded = Arrays.copyOf(text,
                    Math.ceilDiv(LENGTH_BYTES + text.length, ALIGNMENT) * ALIGNMENT - LENGTH_BYTES);
            Arrays.fill(padded, text.length, padded.length, (byte) ' ');
            if (padded.length > MAX_HEADER) {
                throw new CheckpointException(file + ": " + entries.size() + " tensors are too many for one file");
            }
            return padded;
        } catch (JacksonException e) {
            throw new CheckpointException(file + ": a name or metadata cannot be written: " + Json.reason(e), e);
        }
    }

    private static MemorySegment convert(FileTensor tensor, DType to) {
        if (tensor.dtype() == to) {
            return tensor.data();
        }
        long count = tensor.count();
        MemorySegment converted = Arena.ofAuto().allocate(count * to.bytes(), Long.BYTES);
        float[] values = new float[(int) Math.min(CHUNK, count)];
        for (long first = 0; first < count; first += values.length) {
            int part = (int) Math.min(values.length, count - first);
            Conversions.toFloats(tensor.data(), tensor.dtype(), first, values, 0, part);
            Conversions.fromFloats(values, 0, part, converted, to, first);
        }
        return converted;
    }

    private static void writeAll(FileChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    private static void move(Path from, Path to) throws IOException {
        try {
            Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
        } catch (AtomicMoveNotSupportedException e) {
            Files.move(from, to, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    /// After success there is none; after a failure this must not hide the reason.
    private static void deleteLeftover(Path temporary) {
        try {
            Files.deleteIfExists(temporary);
        } catch (IOException e) {
            temporary.toFile().deleteOnExit();
        }
    }
}
