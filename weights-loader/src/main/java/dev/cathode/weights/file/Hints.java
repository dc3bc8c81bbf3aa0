package dev.cathode.weights.file;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/// What people have on disk where a weight file should be: recognised by the first bytes.
public final class Hints {
    private static final int LOOK = 64;

    private Hints() {
    }

    /// Refuses empty files, pages and pointers that a failed download left behind.
    ///
    /// @throws dev.cathode.weights.CheckpointException if the file is one of these; says what to do
    public static void refuseNoWeights(MappedFile file) {
        if (file.size() == 0) {
            throw file.error("the file is empty; download it again");
        }
        MemorySegment head = file.bytes().asSlice(0, Math.min(LOOK, file.size()));
        String text = new String(head.toArray(ValueLayout.JAVA_BYTE), StandardCharsets.ISO_8859_1);
        if (text.startsWith("version https://git-lfs")) {
            throw file.error("is a Git LFS pointer, not the file itself; run 'git lfs pull' or download the file");
        }
        if (text.startsWith("\u001f\u008b")) {
            throw file.error("is compressed by gzip; unpack it first: gunzip -k " + file.path().getFileName());
        }
        if (text.startsWith("GGUF") || text.startsWith("\u0089HDF")) {
            throw file.error("is a " + (text.startsWith("GGUF") ? "GGUF" : "HDF5 (Keras)")
                    + " file, which is not supported; use the safetensors or torch file of the same weights");
        }
        String start = text.stripLeading().toLowerCase(Locale.ROOT);
        if (start.startsWith("<!doctype") || start.startsWith("<html") || start.startsWith("<?xml")) {
            throw file.error("is a web page (HTML), not weights: the download needs a login or another address");
        }
    }
}
