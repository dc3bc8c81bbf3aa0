package dev.cathode.engine.train.log;

import com.google.protobuf.CodedOutputStream;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;

/// A TensorBoard event file: TFRecord frames, each with an `Event` message.
///
/// The few fields that are needed are written with protobuf's `CodedOutputStream`; no generated classes, and no
/// compiler for them at build time. The numbers of the fields are those of TensorFlow's `event.proto` and
/// `summary.proto`.
final class EventFile implements AutoCloseable {
    private static final int EVENT_WALL_TIME = 1;
    private static final int EVENT_STEP = 2;
    private static final int EVENT_FILE_VERSION = 3;
    private static final int EVENT_SUMMARY = 5;
    private static final int EVENT_SESSION_LOG = 7;
    private static final int SUMMARY_VALUE = 1;
    private static final int VALUE_TAG = 1;
    private static final int VALUE_SIMPLE_VALUE = 2;
    private static final int VALUE_IMAGE = 4;
    private static final int IMAGE_HEIGHT = 1;
    private static final int IMAGE_WIDTH = 2;
    private static final int IMAGE_COLORSPACE = 3;
    private static final int IMAGE_ENCODED = 4;
    private static final int SESSION_LOG_STATUS = 1;
    private static final int STATUS_START = 1;
    private static final int RGB = 3;

    private static final String VERSION = "brain.Event:2";
    private static final int CRC_MASK = 0xA282EAD8;

    /// A protobuf message, field by field.
    private interface Message {
        void write(CodedOutputStream out) throws IOException;
    }

    private final OutputStream out;

    /// Makes a new file.
    ///
    /// @param seconds since 1970
    EventFile(Path file, double seconds) throws IOException {
        out = new BufferedOutputStream(Files.newOutputStream(file, StandardOpenOption.CREATE_NEW,
                StandardOpenOption.WRITE));
        event(seconds, 0, event -> event.writeString(EVENT_FILE_VERSION, VERSION));
    }

    /// Tells readers to forget what other files say about this step and later ones.
    void restart(double seconds, long step) throws IOException {
        event(seconds, step, event -> event.writeByteArray(EVENT_SESSION_LOG,
                bytes(session -> session.writeEnum(SESSION_LOG_STATUS, STATUS_START))));
    }

    void scalar(double seconds, long step, String tag, float value) throws IOException {
        summary(seconds, step, tag, summary -> summary.writeFloat(VALUE_SIMPLE_VALUE, value));
    }

    /// @param png a whole PNG file
    void image(double seconds, long step, String tag, int height, int width, byte[] png) throws IOException {
        byte[] image = bytes(message -> {
            message.writeInt32(IMAGE_HEIGHT, height);
            message.writeInt32(IMAGE_WIDTH, width);
            message.writeInt32(IMAGE_COLORSPACE, RGB);
            message.writeByteArray(IMAGE_ENCODED, png);
        });
        summary(seconds, step, tag, summary -> summary.writeByteArray(VALUE_IMAGE, image));
    }

    void flush() throws IOException {
        out.flush();
    }

    @Override
    public void close() throws IOException {
        out.close();
    }

    private void summary(double seconds, long step, String tag, Message content) throws IOException {
        byte[] value = bytes(message -> {
            message.writeString(VALUE_TAG, tag);
            content.write(message);
        });
        byte[] summary = bytes(message -> message.writeByteArray(SUMMARY_VALUE, value));
        event(seconds, step, event -> event.writeByteArray(EVENT_SUMMARY, summary));
    }

    private void event(double seconds, long step, Message content) throws IOException {
        byte[] event = bytes(message -> {
            message.writeDouble(EVENT_WALL_TIME, seconds);
            message.writeInt64(EVENT_STEP, step);
            content.write(message);
        });
        byte[] length = little(Long.BYTES).putLong(event.length).array();
        out.write(length);
        out.write(little(Integer.BYTES).putInt(maskedCrc(length)).array());
        out.write(event);
        out.write(little(Integer.BYTES).putInt(maskedCrc(event)).array());
    }

    private static byte[] bytes(Message message) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        CodedOutputStream coded = CodedOutputStream.newInstance(bytes);
        message.write(coded);
        coded.flush();
        return bytes.toByteArray();
    }

    /// CRC-32C, rotated and shifted: a checksum of data that holds checksums would otherwise be weak.
    static int maskedCrc(byte[] bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes);
        return Integer.rotateRight((int) crc.getValue(), 15) + CRC_MASK;
    }

    private static ByteBuffer little(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }
}
