package dev.cathode.cli;

import dev.cathode.weights.DType;
import java.util.Locale;

/// The types of weights that `--dtype` names.
enum NumberType {
    FLOAT32, BFLOAT16, FLOAT16;

    /// In files.
    DType inFiles() {
        return switch (this) {
            case FLOAT32 -> DType.F32;
            case BFLOAT16 -> DType.BF16;
            case FLOAT16 -> DType.F16;
        };
    }

    /// As on the command line.
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
