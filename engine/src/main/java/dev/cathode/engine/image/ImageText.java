package dev.cathode.engine.image;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.Charset;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.CRC32;

/// Text inside picture files: named chunks in PNG (`tEXt`, or `iTXt` for what Latin-1 cannot say), comment segments of
/// the form `name: text` in JPEG.
final class ImageText {
    private static final byte[] PNG_SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    /// The signature, then length, type, 13 bytes and check sum of the header chunk.
    private static final int PNG_HEADER = PNG_SIGNATURE.length + 4 + 4 + 13 + 4;
    private static final int JPEG_START = 0xffd8;
    private static final int JPEG_COMMENT = 0xfffe;
    private static final int JPEG_SCAN = 0xffda;
    private static final int MAX_SEGMENT = 0xffff;

    private ImageText() { }

    /// The PNG file with one text chunk for each entry, before the pixels.
    static byte[] insertPng(byte[] png, Map<String, String> texts) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(png.length + 4096);
        out.write(png, 0, PNG_HEADER);
        texts.forEach((name, text) -> out.writeBytes(chunk(name, text)));
        out.write(png, PNG_HEADER, png.length - PNG_HEADER);
        return out.toByteArray();
    }

    private static byte[] chunk(String name, String text) {
        boolean latin = ISO_8859_1.newEncoder().canEncode(text);
        ByteArrayOutputStream data = new ByteArrayOutputStream();
        data.writeBytes((latin ? "tEXt" : "iTXt").getBytes(ISO_8859_1));
        data.writeBytes(name.getBytes(ISO_8859_1));
        // iTXt: end of name, not compressed, method 0, no language, no translated name
        data.writeBytes(new byte[latin ? 1 : 5]);
        data.writeBytes(text.getBytes(latin ? ISO_8859_1 : UTF_8));
        CRC32 sum = new CRC32();
        sum.update(data.toByteArray());
        return ByteBuffer.allocate(4 + data.size() + 4)
                .putInt(data.size() - 4).put(data.toByteArray()).putInt((int) sum.getValue()).array();
    }

    /// The JPEG file with one comment for each entry, before the picture.
    ///
    /// @throws IllegalArgumentException if a text is longer than a segment can hold (64 KiB)
    static byte[] insertJpeg(byte[] jpeg, Map<String, String> texts) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(jpeg.length + 4096);
        out.write(jpeg, 0, 2);
        texts.forEach((name, text) -> {
            byte[] comment = (name + ": " + text).getBytes(UTF_8);
            if (comment.length + 2 > MAX_SEGMENT) {
                throw new IllegalArgumentException("a JPEG file cannot hold the text '" + name + "': it has "
                        + comment.length + " bytes, the limit is " + (MAX_SEGMENT - 2));
            }
            out.writeBytes(ByteBuffer.allocate(4 + comment.length)
                    .putShort((short) JPEG_COMMENT).putShort((short) (comment.length + 2)).put(comment).array());
        });
        out.write(jpeg, 2, jpeg.length - 2);
        return out.toByteArray();
    }

    /// The texts of a PNG or JPEG file, read as far as the pixels; none for any other file.
    ///
    /// @throws IOException if the file ends or breaks off before the pixels
    static Map<String, String> read(DataInputStream in) throws IOException {
        Map<String, String> texts = new LinkedHashMap<>();
        byte[] start = in.readNBytes(2);
        if (start.length < 2) {
            return texts;
        }
        if (Arrays.equals(start, 0, 2, PNG_SIGNATURE, 0, 2)) {
            in.skipNBytes(PNG_SIGNATURE.length - 2L);
            readChunks(in, texts);
        } else if ((ByteBuffer.wrap(start).getShort() & 0xffff) == JPEG_START) {
            readSegments(in, texts);
        }
        return texts;
    }

    private static void readChunks(DataInputStream in, Map<String, String> texts) throws IOException {
        while (true) {
            int length = in.readInt();
            String type = new String(in.readNBytes(4), ISO_8859_1);
            switch (type) {
                case "IDAT", "IEND" -> {
                    return;
                }
                case "tEXt", "iTXt" -> readChunk(type, bytes(in, length), texts);
                default -> in.skipNBytes(Integer.toUnsignedLong(length));
            }
            in.skipNBytes(4); // check sum
        }
    }

    private static void readChunk(String type, byte[] data, Map<String, String> texts) {
        int end = zero(data, 0);
        String name = new String(data, 0, end, ISO_8859_1);
        if (type.equals("tEXt")) {
            texts.put(name, rest(data, end + 1, ISO_8859_1));
        } else if (end + 1 < data.length && data[end + 1] == 0) { // not compressed
            int language = zero(data, end + 3);
            int translated = zero(data, language + 1);
            texts.put(name, rest(data, translated + 1, UTF_8));
        }
    }

    private static void readSegments(DataInputStream in, Map<String, String> texts) throws IOException {
        while (true) {
            int marker = in.readUnsignedShort();
            if (marker == JPEG_SCAN || marker < JPEG_START) {
                return;
            }
            int length = in.readUnsignedShort() - 2;
            if (marker == JPEG_COMMENT && length > 0) {
                String[] comment = new String(bytes(in, length), UTF_8).split(": ", 2);
                if (comment.length == 2) {
                    texts.put(comment[0], comment[1]);
                }
            } else {
                in.skipNBytes(Math.max(0, length));
            }
        }
    }

    private static byte[] bytes(DataInputStream in, int length) throws IOException {
        byte[] bytes = in.readNBytes(Math.max(0, length));
        if (bytes.length != length) {
            throw new EOFException("the file ends inside a text");
        }
        return bytes;
    }

    private static String rest(byte[] data, int from, Charset charset) {
        return from >= data.length ? "" : new String(data, from, data.length - from, charset);
    }

    /// Where the next zero byte is; the end if there is none.
    private static int zero(byte[] data, int from) {
        int i = from;
        while (i < data.length && data[i] != 0) {
            i++;
        }
        return i;
    }
}
