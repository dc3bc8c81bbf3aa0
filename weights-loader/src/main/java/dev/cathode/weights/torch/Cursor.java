package dev.cathode.weights.torch;

import dev.cathode.weights.file.Json;
import dev.cathode.weights.file.MappedFile;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;

/// Reads a part of a file from front to back, little-endian, never past its end.
final class Cursor {
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int LONGEST_LINE = 4096;
    private static final long MAX_COPIED = 128 << 20;

    private final MappedFile file;
    private final String what;
    private final MemorySegment bytes;
    private long position;
    private long copied;

    /// @param what the part's name, for messages
    Cursor(MappedFile file, String what, MemorySegment bytes) {
        this.file = file;
        this.what = what;
        this.bytes = bytes;
    }

    MappedFile file() {
        return file;
    }

    String what() {
        return what;
    }

    long position() {
        return position;
    }

    long remaining() {
        return bytes.byteSize() - position;
    }

    int u8() {
        return bytes.get(ValueLayout.JAVA_BYTE, advance(1)) & 0xFF;
    }

    int u16() {
        return bytes.get(SHORT, advance(2)) & 0xFFFF;
    }

    int i32() {
        return bytes.get(INT, advance(4));
    }

    long u32() {
        return i32() & 0xFFFF_FFFFL;
    }

    long i64() {
        return bytes.get(LONG, advance(8));
    }

    double f64BigEndian() {
        return Double.longBitsToDouble(Long.reverseBytes(i64()));
    }

    byte[] bytes(long count) {
        long begin = advance(count);
        copied += count;
        if (copied > MAX_COPIED) {
            throw file.error(what + " holds more than " + MAX_COPIED + " bytes of text: no weight file");
        }
        return bytes.asSlice(begin, count).toArray(ValueLayout.JAVA_BYTE);
    }

    String utf8(long count) {
        try {
            return Json.utf8(bytes(count));
        } catch (CharacterCodingException e) {
            throw file.error(what + ": text before byte " + position + " is not valid UTF-8");
        }
    }

    /// Text up to a line feed, which is read too.
    String line() {
        long end = position;
        long limit = Math.min(bytes.byteSize(), position + LONGEST_LINE);
        while (end < limit && bytes.get(ValueLayout.JAVA_BYTE, end) != '\n') {
            end++;
        }
        String line = utf8(end - position);
        if (u8() != '\n') {
            throw file.error(what + ": a name before byte " + position + " is too long");
        }
        return line;
    }


    void skip(long count) {
        advance(count);
    }

    private long advance(long count) {
        if (count < 0 || count > remaining()) {
            throw file.error(what + " ends early, at byte " + bytes.byteSize() + "; is the download complete?");
        }
        position += count;
        return position - count;
    }
}
