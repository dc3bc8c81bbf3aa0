package dev.cathode.weights.torch;

import dev.cathode.weights.CheckpointException;
import dev.cathode.weights.file.MappedFile;
import dev.cathode.weights.file.Quote;
import dev.cathode.weights.torch.Pickled.Storage;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Since torch 1.6, and TorchScript: a zip of `<any name>/data.pkl` and `<any name>/data/<key>`.
final class ZipContainer implements Container {
    private static final String PICKLE = "data.pkl";

    private final MappedFile file;
    private final ZipDirectory zip;
    private final String prefix;
    private final Pickled object;

    ZipContainer(MappedFile file) {
        this.file = file;
        this.zip = new ZipDirectory(file);
        this.prefix = prefix();
        refuseBigEndian();
        String name = prefix + PICKLE;
        this.object = PickleReader.read(new Cursor(file, name, zip.record(name)));
    }

    @Override
    public Pickled object() {
        return object;
    }

    @Override
    public MemorySegment bytes(Storage storage) {
        String name = prefix + "data/" + storage.key();
        MemorySegment bytes = zip.record(name);
        int width = storage.dtype().bytes();
        if (bytes.byteSize() / width != storage.whole()) {
            throw file.error("record " + Quote.of(name) + " has " + bytes.byteSize() + " bytes, where "
                    + storage.whole() + " numbers of " + storage.dtype() + " should be");
        }
        return bytes.asSlice(storage.first() * width, storage.count() * width);
    }

    private String prefix() {
        for (String name : zip.names()) {
            int slash = name.indexOf('/');
            if (name.substring(slash + 1).equals(PICKLE)) {
                return name.substring(0, slash + 1);
            }
        }
        throw new CheckpointException(file.path() + ": is a zip archive without data.pkl, not written by torch.save; "
                + "if it holds weight files, unpack it first");
    }

    private void refuseBigEndian() {
        String name = prefix + "byteorder";
        if (zip.has(name) && zip.record(name).byteSize() > 0
                && zip.record(name).get(ValueLayout.JAVA_BYTE, 0) == 'b') {
            throw file.error("was written on a big-endian machine, which is not supported");
        }
    }
}
