package dev.cathode.weights.torch;

import dev.cathode.weights.file.MappedFile;
import dev.cathode.weights.file.Quote;
import dev.cathode.weights.torch.Pickled.Bool;
import dev.cathode.weights.torch.Pickled.Dict;
import dev.cathode.weights.torch.Pickled.Int;
import dev.cathode.weights.torch.Pickled.Items;
import dev.cathode.weights.torch.Pickled.Storage;
import dev.cathode.weights.torch.Pickled.Text;
import java.lang.foreign.MemorySegment;
import java.math.BigInteger;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Before torch 1.6: pickles of a magic number, the version, facts about the machine, the object and a list of keys;
/// then for each key the number of its elements (8 bytes) and the elements.
final class LegacyContainer implements Container {
    private static final BigInteger MAGIC = new BigInteger("1950a86a20f9469cfc6c", 16);
    private static final BigInteger VERSION = BigInteger.valueOf(1001);

    private final MappedFile file;
    private final Pickled object;
    private final Map<String, Long> counts = new HashMap<>();
    private final Map<String, MemorySegment> storages = new HashMap<>();

    LegacyContainer(MappedFile file) {
        this.file = file;
        Cursor in = new Cursor(file, "its pickle", file.bytes());
        if (!(PickleReader.read(in) instanceof Int(BigInteger magic) && magic.equals(MAGIC))) {
            throw file.error("is a Python pickle, but none that torch.save wrote");
        }
        if (!(PickleReader.read(in) instanceof Int(BigInteger version) && version.equals(VERSION))) {
            throw file.error("is a torch file of an unknown version");
        }
        if (PickleReader.read(in) instanceof Dict machine
                && machine.entries().get("little_endian") instanceof Bool(boolean little) && !little) {
            throw file.error("was written on a big-endian machine, which is not supported");
        }
        Map<String, Storage> seen = new HashMap<>();
        this.object = PickleReader.read(in, storage -> seen.put(storage.key(), storage));
        if (!(PickleReader.read(in) instanceof Items(List<Pickled> keys))) {
            throw file.error("has no list of its storages");
        }
        for (Pickled key : keys) {
            if (!(key instanceof Text(String name)) || !seen.containsKey(name)) {
                throw file.error("lists a storage that its object does not use");
            }
            readStorage(in, seen.get(name));
        }
    }

    @Override
    public Pickled object() {
        return object;
    }

    @Override
    public MemorySegment bytes(Storage storage) {
        MemorySegment whole = storages.get(storage.key());
        if (whole == null) {
            throw file.error("storage " + Quote.of(storage.key()) + " is missing");
        }
        long count = counts.get(storage.key());
        int width = storage.dtype().bytes();
        if (storage.whole() != count || whole.byteSize() != count * width) {
            throw file.error("storage " + Quote.of(storage.key()) + " has " + count + " elements, where "
                    + storage.whole() + " numbers of " + storage.dtype() + " should be");
        }
        return whole.asSlice(storage.first() * width, storage.count() * width);
    }

    private void readStorage(Cursor in, Storage storage) {
        long count = in.i64();
        long width = storage.dtype().bytes();
        if (count < 0 || count > in.remaining() / width) {
            throw file.error("the file ends inside storage " + Quote.of(storage.key()) + " of " + count
                    + " elements; is the download complete?");
        }
        counts.put(storage.key(), count);
        storages.put(storage.key(), file.bytes().asSlice(in.position(), count * width));
        in.skip(count * width);
    }
}
