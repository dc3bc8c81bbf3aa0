package dev.cathode.weights.safetensors;

import dev.cathode.weights.CheckpointException;
import dev.cathode.weights.DType;
import dev.cathode.weights.file.Json;
import dev.cathode.weights.file.MappedFile;
import dev.cathode.weights.file.Quote;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/// The header of a safetensors file.
///
/// @param entries where each tensor lies, in the order of the header
/// @param metadata the `__metadata__` object
/// @param dataOffset where in the file the data begin
record Header(Map<String, Entry> entries, Map<String, String> metadata, long dataOffset) {
    /// Bytes before the header: its length.
    static final int LENGTH_BYTES = 8;
    /// The format's limit.
    static final long MAX_LENGTH = 100_000_000;
    /// The key of the metadata among the names.
    static final String METADATA = "__metadata__";

    private static final int MAX_RANK = 64;
    private static final ValueLayout.OfLong LENGTH =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /// One tensor.
    ///
    /// @param begin its first byte, counted from the end of the header
    /// @param end one past its last byte
    record Entry(DType dtype, List<Long> shape, long begin, long end) {
    }

    /// Reads and checks the header: every tensor's size fits its bytes, and together they cover the data without gap
    /// or overlap.
    static Header read(MappedFile file) {
        if (file.size() < LENGTH_BYTES) {
            throw file.error(file.size() + " bytes are too few for a safetensors file; is the download complete?");
        }
        long length = file.bytes().get(LENGTH, 0);
        if (length < 0 || length > MAX_LENGTH) {
            throw file.error("is no safetensors file: a header of " + Long.toUnsignedString(length) + " bytes");
        }
        if (length > file.size() - LENGTH_BYTES) {
            throw file.error("the file ends inside its header of " + length + " bytes; is the download complete?");
        }
        byte[] bytes = file.bytes().asSlice(LENGTH_BYTES, length).toArray(ValueLayout.JAVA_BYTE);
        if (length == 0 || bytes[0] != '{') {
            throw file.error("is no safetensors file: the header is no JSON object");
        }
        Header header;
        try (JsonParser json = Json.tokens(Json.utf8(bytes))) {
            header = parse(file, json, LENGTH_BYTES + length);
        } catch (CharacterCodingException e) {
            throw new CheckpointException(file.path() + ": the header is not valid UTF-8", e);
        } catch (JacksonException e) {
            throw new CheckpointException(file.path() + ": the header is not valid JSON: " + Json.reason(e), e);
        }
        header.checkCover(file);
        return header;
    }

    private static Header parse(MappedFile file, JsonParser json, long dataOffset) {
        Map<String, Entry> entries = new LinkedHashMap<>();
        Map<String, String> metadata = new LinkedHashMap<>();
        json.nextToken();
        while (json.nextToken() != JsonToken.END_OBJECT) {
            String name = json.currentName();
            JsonToken value = json.nextToken();
            if (value != JsonToken.START_OBJECT) {
                throw file.error(name, "the header has " + value + " where an object belongs");
            }
            if (name.equals(METADATA)) {
                parseMetadata(file, json, metadata);
            } else {
                entries.put(name, parseEntry(file, json, name));
            }
        }
        if (json.nextToken() != null) {
            throw file.error("something follows the header's JSON object");
        }
        return new Header(entries, metadata, dataOffset);
    }

    private static void parseMetadata(MappedFile file, JsonParser json, Map<String, String> metadata) {
        while (json.nextToken() != JsonToken.END_OBJECT) {
            String key = json.currentName();
            if (json.nextToken() != JsonToken.VALUE_STRING) {
                throw file.error(METADATA, Quote.of(key) + " is no text");
            }
            metadata.put(key, json.getString());
        }
    }

    private static Entry parseEntry(MappedFile file, JsonParser json, String name) {
        DType dtype = null;
        List<Long> shape = null;
        List<Long> offsets = null;
        while (json.nextToken() != JsonToken.END_OBJECT) {
            String key = json.currentName();
            JsonToken value = json.nextToken();
            switch (key) {
                case "dtype" -> dtype = dtype(file, name, value == JsonToken.VALUE_STRING ? json.getString() : "?");
                case "shape" -> shape = longs(file, json, name, key);
                case "data_offsets" -> offsets = longs(file, json, name, key);
                default -> json.skipChildren();
            }
        }
        if (dtype == null || shape == null || offsets == null) {
            throw file.error(name, "the header lacks "
                    + (dtype == null ? "dtype" : shape == null ? "shape" : "data_offsets"));
        }
        if (offsets.size() != 2 || offsets.get(0) > offsets.get(1)) {
            throw file.error(name, "data_offsets " + offsets + " are no range");
        }
        Entry entry = new Entry(dtype, shape, offsets.get(0), offsets.get(1));
        checkLength(file, name, entry);
        return entry;
    }

    private static DType dtype(MappedFile file, String name, String text) {
        for (DType dtype : DType.values()) {
            if (dtype.name().equals(text)) {
                return dtype;
            }
        }
        throw file.error(name, "dtype " + Quote.of(text) + " is not supported; convert the file to F32, F16 or BF16");
    }

    private static List<Long> longs(MappedFile file, JsonParser json, String name, String key) {
        if (json.currentToken() != JsonToken.START_ARRAY) {
            throw file.error(name, key + " is no array");
        }
        List<Long> values = new ArrayList<>();
        while (json.nextToken() != JsonToken.END_ARRAY) {
            boolean isLong = json.currentToken() == JsonToken.VALUE_NUMBER_INT
                    && json.getNumberType() != JsonParser.NumberType.BIG_INTEGER;
            if (!isLong || json.getLongValue() < 0 || values.size() == MAX_RANK) {
                throw file.error(name, key + " holds " + Quote.of(json.getString())
                        + ": not a short list of whole numbers from 0 to 2^63 - 1");
            }
            values.add(json.getLongValue());
        }
        return List.copyOf(values);
    }

    private static void checkLength(MappedFile file, String name, Entry entry) {
        long bytes = entry.dtype.bytes();
        try {
            for (long size : entry.shape) {
                bytes = Math.multiplyExact(bytes, size);
            }
        } catch (ArithmeticException e) {
            throw file.error(name, "a tensor of shape " + entry.shape + " has more than 2^63 bytes");
        }
        if (bytes != entry.end - entry.begin) {
            throw file.error(name, "shape " + entry.shape + " of " + entry.dtype + " needs " + bytes
                    + " bytes, the header gives " + (entry.end - entry.begin));
        }
    }

    private void checkCover(MappedFile file) {
        List<Map.Entry<String, Entry>> byPlace = new ArrayList<>(entries.entrySet());
        byPlace.sort(Comparator.<Map.Entry<String, Entry>>comparingLong(e -> e.getValue().begin)
                .thenComparingLong(e -> e.getValue().end));
        long size = file.size() - dataOffset;
        long covered = 0;
        for (Map.Entry<String, Entry> next : byPlace) {
            Entry entry = next.getValue();
            if (entry.begin != covered) {
                throw file.error(next.getKey(), entry.begin < covered
                        ? "begins at byte " + entry.begin + " inside the tensor before it, which ends at " + covered
                        : "begins at byte " + entry.begin + ", but bytes from " + covered + " on belong to no tensor");
            }
            if (entry.end > size) {
                throw file.error(next.getKey(), "ends at byte " + entry.end + " of " + size
                        + " bytes of data; is the download complete?");
            }
            covered = entry.end;
        }
        if (covered != size) {
            throw file.error((size - covered) + " bytes after the last tensor belong to none");
        }
    }
}
