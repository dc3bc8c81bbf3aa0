package dev.cathode.cli;

import java.util.Locale;

/// Numbers as people read them.
final class Sizes {
    private Sizes() { }

    /// "512 bytes", "3.1 GiB".
    static String bytes(long bytes) {
        String[] units = {"KiB", "MiB", "GiB", "TiB"};
        if (bytes < 1024) {
            return bytes + " bytes";
        }
        double value = bytes;
        int unit = -1;
        while (value >= 1024 && unit < units.length - 1) {
            value /= 1024;
            unit++;
        }
        return String.format(Locale.ROOT, "%.1f %s", value, units[unit]).replaceFirst("^(\\d{3,})\\.\\d", "$1");
    }

    /// "859,520,964".
    static String count(long count) {
        return String.format(Locale.ROOT, "%,d", count);
    }

    /// Floating-point operations: "1.607 TFLOP".
    static String flops(double flops) {
        String[] units = {"FLOP", "kFLOP", "MFLOP", "GFLOP", "TFLOP"};
        int unit = 0;
        double value = flops;
        while (value >= 1000 && unit < units.length - 1) {
            value /= 1000;
            unit++;
        }
        return String.format(Locale.ROOT, "%.3f %s", value, units[unit]);
    }
}
