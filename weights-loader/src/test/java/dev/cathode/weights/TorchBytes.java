package dev.cathode.weights;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/// Writes pickles opcode by opcode, and torch's containers around them.
final class TorchBytes {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    /// Opcodes without arguments, as characters; `\\u0080` begins a pickle of protocol 2.
    TorchBytes op(String opcodes) {
        for (char opcode : opcodes.toCharArray()) {
            out.write(opcode);
            if (opcode == 0x80) {
                out.write(2);
            }
        }
        return this;
    }

    TorchBytes text(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        out.write('X');
        out.writeBytes(little(4).putInt(bytes.length).array());
        out.writeBytes(bytes);
        return this;
    }

    TorchBytes number(long value) {
        out.write(0x8a);
        out.write(Long.BYTES);
        out.writeBytes(little(Long.BYTES).putLong(value).array());
        return this;
    }

    TorchBytes global(String module, String name) {
        out.write('c');
        out.writeBytes((module + "\n" + name + "\n").getBytes(StandardCharsets.UTF_8));
        return this;
    }

    TorchBytes put(int index) {
        out.write('q');
        out.write(index);
        return this;
    }

    TorchBytes get(int index) {
        out.write('h');
        out.write(index);
        return this;
    }

    TorchBytes raw(byte[] bytes) {
        out.writeBytes(bytes);
        return this;
    }

    /// A tensor of one axis whose storage has `count` elements.
    TorchBytes tensor(String storageClass, String key, long count, long offset, long size, long stride) {
        global("torch._utils", "_rebuild_tensor_v2").op("(");
        op("(").text("storage").global("torch", storageClass).text(key).text("cpu").number(count).op("tQ");
        return number(offset).number(size).op("\u0085").number(stride).op("\u0085").op("\u0089")
                .global("collections", "OrderedDict").op(")RtR");
    }

    byte[] bytes() {
        return out.toByteArray();
    }

    static byte[] zip(byte[] pickle, Map<String, byte[]> storages) throws java.io.IOException {
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(file)) {
            store(zip, "archive/data.pkl", pickle);
            for (Map.Entry<String, byte[]> storage : storages.entrySet()) {
                store(zip, "archive/data/" + storage.getKey(), storage.getValue());
            }
        }
        return file.toByteArray();
    }

    private static void store(ZipOutputStream zip, String name, byte[] bytes) throws java.io.IOException {
        CRC32 crc = new CRC32();
        crc.update(bytes);
        ZipEntry entry = new ZipEntry(name);
        entry.setMethod(ZipEntry.STORED);
        entry.setSize(bytes.length);
        entry.setCrc(crc.getValue());
        zip.putNextEntry(entry);
        zip.write(bytes);
        zip.closeEntry();
    }

    static ByteBuffer little(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }
}
