package dev.cathode.kernels.cpu.vector;

import static dev.cathode.kernels.cpu.OffHeap.ALL;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

/// Packs the gradients of output pixels for [OuterProduct]: panels `[pixels, ROWS]`, each a slice of the channels.
final class GradientPacker {
    static {
        CompilerDirectives.install();
    }

    private GradientPacker() { }

    /// Packs `panels` panels of `count` pixels to `to`, panel after panel. Channels behind the last are zeros.
    ///
    /// @param from the first pixel's first channel of the first panel
    /// @param fromStep bytes from pixel to pixel
    /// @param channels channels from there that exist
    static void pack(long from, long fromStep, int count, int channels, int panels, long to) {
        for (int p = 0; p < panels; p++) {
            int valid = Math.min(OuterProduct.ROWS, channels - p * OuterProduct.ROWS);
            long source = from + (long) p * OuterProduct.ROWS * Float.BYTES;
            if (valid < OuterProduct.ROWS) {
                partial(source, fromStep, count, valid, to);
            } else if (OuterProduct.ROWS == 8) {
                eight(source, fromStep, count, to);
            } else {
                four(source, fromStep, count, to);
            }
            to += (long) count * OuterProduct.ROWS * Float.BYTES;
        }
    }

    private static void eight(long from, long fromStep, int count, long to) {
        for (int i = 0; i < count; i++) {
            ALL.set(JAVA_LONG_UNALIGNED, to, ALL.get(JAVA_LONG_UNALIGNED, from));
            ALL.set(JAVA_LONG_UNALIGNED, to + 8, ALL.get(JAVA_LONG_UNALIGNED, from + 8));
            ALL.set(JAVA_LONG_UNALIGNED, to + 16, ALL.get(JAVA_LONG_UNALIGNED, from + 16));
            ALL.set(JAVA_LONG_UNALIGNED, to + 24, ALL.get(JAVA_LONG_UNALIGNED, from + 24));
            from += fromStep;
            to += 32;
        }
    }

    private static void four(long from, long fromStep, int count, long to) {
        for (int i = 0; i < count; i++) {
            ALL.set(JAVA_LONG_UNALIGNED, to, ALL.get(JAVA_LONG_UNALIGNED, from));
            ALL.set(JAVA_LONG_UNALIGNED, to + 8, ALL.get(JAVA_LONG_UNALIGNED, from + 8));
            from += fromStep;
            to += 16;
        }
    }

    private static void partial(long from, long fromStep, int count, int valid, long to) {
        for (int i = 0; i < count; i++) {
            for (int o = 0; o < OuterProduct.ROWS; o++) {
                ALL.set(JAVA_FLOAT_UNALIGNED, to, o < valid ? ALL.get(JAVA_FLOAT_UNALIGNED, from + o * 4L) : 0f);
                to += Float.BYTES;
            }
            from += fromStep;
        }
    }
}
