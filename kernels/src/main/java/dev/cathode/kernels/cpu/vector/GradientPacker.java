package dev.cathode.kernels.cpu.vector;

import static dev.cathode.kernels.cpu.OffHeap.ALL;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

/// Packs the gradients of output pixels for [OuterProduct]: a panel is `[pixels, height]`, a slice of the channels.
final class GradientPacker {
    static {
        CompilerDirectives.install();
    }

    private GradientPacker() { }

    /// Packs `count` pixels of a panel. Channels behind the last are zeros.
    ///
    /// @param from the first channel of the panel of the first pixel
    /// @param fromStep bytes from pixel to pixel
    /// @param count pixels
    /// @param height channels of the panel: 6 or 4
    /// @param valid channels of it that exist
    /// @param to the panel
    static void pack(long from, long fromStep, int count, int height, int valid, long to) {
        if (valid < height) {
            partial(from, fromStep, count, height, valid, to);
        } else if (height == 6) {
            six(from, fromStep, count, to);
        } else {
            four(from, fromStep, count, to);
        }
    }

    private static void six(long from, long fromStep, int count, long to) {
        for (int i = 0; i < count; i++) {
            ALL.set(JAVA_LONG_UNALIGNED, to, ALL.get(JAVA_LONG_UNALIGNED, from));
            ALL.set(JAVA_LONG_UNALIGNED, to + 8, ALL.get(JAVA_LONG_UNALIGNED, from + 8));
            ALL.set(JAVA_LONG_UNALIGNED, to + 16, ALL.get(JAVA_LONG_UNALIGNED, from + 16));
            from += fromStep;
            to += 24;
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

    private static void partial(long from, long fromStep, int count, int height, int valid, long to) {
        for (int i = 0; i < count; i++) {
            for (int o = 0; o < height; o++) {
                ALL.set(JAVA_FLOAT_UNALIGNED, to, o < valid ? ALL.get(JAVA_FLOAT_UNALIGNED, from + o * 4L) : 0f);
                to += Float.BYTES;
            }
            from += fromStep;
        }
    }
}
