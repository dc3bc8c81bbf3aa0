package dev.cathode.weights;

import dev.cathode.weights.file.Hints;
import dev.cathode.weights.file.MappedFile;
import dev.cathode.weights.file.ShardIndex;
import dev.cathode.weights.safetensors.Safetensors;
import dev.cathode.weights.torch.TorchFile;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.regex.Pattern;

/// Opens weight files of any format.
public final class Checkpoints {
    /// Variants stand before the end: `model.safetensors.index.fp16.json`.
    private static final Pattern INDEX = Pattern.compile(".+\\.index(\\.[A-Za-z0-9_-]+)?\\.json");
    private static final String SAFETENSORS = ".safetensors";
    private static final int SAFETENSORS_BRACE = 8;
    private static final int PICKLE_PROTO = 0x80;

    private Checkpoints() {
    }

    /// Maps a weight file; tensors are read when they are asked for. What the file is follows from its contents:
    /// safetensors; a file of `torch.save` (state dict, a dict around one, a whole module, TorchScript; zip or the
    /// format before torch 1.6). A name like `model.safetensors.index.json` is the index of a checkpoint in several
    /// files.
    ///
    /// @throws CheckpointException if the file is missing, broken, hostile or no weight file
    public static Checkpoint open(Path path) {
        String name = String.valueOf(path.getFileName());
        return INDEX.matcher(name).matches() ? ShardIndex.open(path, Checkpoints::openFile) : openFile(path);
    }

    private static Checkpoint openFile(Path path) {
        MappedFile file = MappedFile.open(path);
        try {
            Hints.refuseNoWeights(file);
            boolean zip = at(file, 0) == 'P' && at(file, 1) == 'K';
            boolean brace = at(file, SAFETENSORS_BRACE) == '{';
            boolean named = path.getFileName().toString().endsWith(SAFETENSORS);
            if (named && zip) {
                // Whoever asks for safetensors may do so to be safe from pickles.
                throw file.error("is named like a safetensors file but was written by torch.save; rename it to .bin");
            }
            if (named || brace) {
                return Safetensors.open(file);
            }
            if (zip || at(file, 0) == PICKLE_PROTO) {
                return TorchFile.open(file, zip);
            }
            throw file.error("is neither a safetensors file nor one that torch.save wrote");
        } catch (RuntimeException e) {
            file.close();
            throw e;
        }
    }

    private static int at(MappedFile file, int index) {
        return index < file.size() ? file.bytes().get(ValueLayout.JAVA_BYTE, index) & 0xFF : -1;
    }
}
