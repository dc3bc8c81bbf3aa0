package dev.cathode.weights.torch;

import dev.cathode.weights.file.MappedFile;
import dev.cathode.weights.file.Quote;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/// The central directory of a zip file, 64-bit sizes included. Records are stored, so each is a slice of the file.
///
/// The format: APPNOTE.TXT of PKWARE.
final class ZipDirectory {
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private static final int END = 0x06054b50;
    private static final int END_BYTES = 22;
    private static final int LOCATOR64 = 0x07064b50;
    private static final int LOCATOR64_BYTES = 20;
    private static final int END64 = 0x06064b50;
    private static final int END64_BYTES = 56;
    private static final int ENTRY = 0x02014b50;
    private static final int ENTRY_BYTES = 46;
    private static final int LOCAL = 0x04034b50;
    private static final int LOCAL_BYTES = 30;
    private static final int EXTRA64 = 1;
    private static final int ENCRYPTED = 1;
    private static final long IN_EXTRA = 0xFFFF_FFFFL;
    private static final int MAX_ENTRIES = 1_000_000;

    private final MappedFile file;
    private final MemorySegment bytes;
    private final Map<String, Entry> entries = new LinkedHashMap<>();

    /// A record, as the central directory describes it.
    private record Entry(int flags, int method, long compressed, long size, long header) {
    }

    ZipDirectory(MappedFile file) {
        this.file = file;
        this.bytes = file.bytes();
        long end = findEnd();
        long count = u16(end + 10);
        long size = u32(end + 12);
        long begin = u32(end + 16);
        if (end >= LOCATOR64_BYTES && i32(end - LOCATOR64_BYTES) == LOCATOR64) {
            long end64 = bytes.get(LONG, end - LOCATOR64_BYTES + 8);
            if (!fits(end64, END64_BYTES) || i32(end64) != END64) {
                throw broken("the 64-bit end record is not where it should be");
            }
            count = bytes.get(LONG, end64 + 32);
            size = bytes.get(LONG, end64 + 40);
            begin = bytes.get(LONG, end64 + 48);
        }
        if (!fits(begin, size) || count < 0 || count > MAX_ENTRIES) {
            throw broken("it claims " + count + " records listed in " + size + " bytes at " + begin);
        }
        readEntries(begin, begin + size, count);
    }

    /// Names of all records.
    Iterable<String> names() {
        return entries.keySet();
    }

    boolean has(String name) {
        return entries.containsKey(name);
    }

    /// The bytes of a record.
    ///
    /// @throws dev.cathode.weights.CheckpointException if there is none, or it is compressed
    MemorySegment record(String name) {
        Entry entry = entries.get(name);
        if (entry == null) {
            throw file.error("record " + Quote.of(name) + " is missing in the archive");
        }
        if (entry.method != 0 || (entry.flags & ENCRYPTED) != 0 || entry.compressed != entry.size) {
            throw file.error("record " + Quote.of(name) + " is compressed or encrypted; torch writes neither, "
                    + "write the archive again with 'zip -0'");
        }
        long header = entry.header;
        if (!fits(header, LOCAL_BYTES) || i32(header) != LOCAL) {
            throw broken("record " + Quote.of(name) + " is not where the directory says");
        }
        long data = header + LOCAL_BYTES + u16(header + 26) + u16(header + 28);
        if (!fits(data, entry.size)) {
            throw broken("record " + Quote.of(name) + " passes the end of the file");
        }
        return bytes.asSlice(data, entry.size);
    }

    /// The end record is the last thing in the file, but for a comment of up to 65,535 bytes.
    private long findEnd() {
        long last = bytes.byteSize() - END_BYTES;
        for (long at = last; at >= Math.max(0, last - 0xFFFF); at--) {
            if (i32(at) == END && at + END_BYTES + u16(at + 20) == bytes.byteSize()) {
                return at;
            }
        }
        throw file.error("is a zip archive without its directory: the file ends early; is the download complete?");
    }

    private void readEntries(long begin, long end, long count) {
        long at = begin;
        for (long i = 0; i < count; i++) {
            if (end - at < ENTRY_BYTES || i32(at) != ENTRY) {
                throw broken("its directory lists " + i + " of " + count + " records");
            }
            int nameLength = u16(at + 28);
            int extraLength = u16(at + 30);
            long next = at + ENTRY_BYTES + nameLength + extraLength + u16(at + 32);
            if (next > end) {
                throw broken("its directory ends inside a record's name");
            }
            byte[] name = bytes.asSlice(at + ENTRY_BYTES, nameLength).toArray(ValueLayout.JAVA_BYTE);
            Entry entry = entry(at, at + ENTRY_BYTES + nameLength, extraLength);
            if (entries.put(new String(name, StandardCharsets.UTF_8), entry) != null) {
                throw broken("record " + Quote.of(new String(name, StandardCharsets.UTF_8)) + " is there twice");
            }
            at = next;
        }
    }

    private Entry entry(long at, long extra, int extraLength) {
        long compressed = u32(at + 20);
        long size = u32(at + 24);
        long header = u32(at + 42);
        // Values that do not fit 32 bits stand in the extra field, in this order, only those.
        long end = extra + extraLength;
        for (long field = extra; end - field >= 4; field += 4 + u16(field + 2)) {
            if (u16(field) == EXTRA64) {
                long value = field + 4;
                long fieldEnd = Math.min(end, value + u16(field + 2));
                if (size == IN_EXTRA && fieldEnd - value >= 8) {
                    size = bytes.get(LONG, value);
                    value += 8;
                }
                if (compressed == IN_EXTRA && fieldEnd - value >= 8) {
                    compressed = bytes.get(LONG, value);
                    value += 8;
                }
                if (header == IN_EXTRA && fieldEnd - value >= 8) {
                    header = bytes.get(LONG, value);
                }
            }
        }
        return new Entry(u16(at + 8), u16(at + 10), compressed, size, header);
    }

    private boolean fits(long begin, long size) {
        return begin >= 0 && size >= 0 && begin <= bytes.byteSize() - size;
    }

    private int u16(long at) {
        return bytes.get(SHORT, at) & 0xFFFF;
    }

    private int i32(long at) {
        return bytes.get(INT, at);
    }

    private long u32(long at) {
        return i32(at) & IN_EXTRA;
    }

    private RuntimeException broken(String reason) {
        return file.error("is a broken zip archive: " + reason);
    }
}
