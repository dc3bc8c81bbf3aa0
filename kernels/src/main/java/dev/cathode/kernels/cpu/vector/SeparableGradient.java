package dev.cathode.kernels.cpu.vector;

import static dev.cathode.kernels.cpu.OffHeap.ALL;

import dev.cathode.kernels.cpu.Workers;

/// Gradients of what maps rows and columns of NHWC images separately: resizing and averaging. Each pixel of the result
/// collects what the forward operation made of it, all its channels at a time.
final class SeparableGradient {
    private static final Updates UPDATES = Updates.vector();

    private SeparableGradient() { }

    /// @param rows map of the rows in the forward operation
    /// @param columns map of the columns
    /// @param height rows of dx
    /// @param width columns of dx
    static void run(Taps rows, Taps columns, long dy, long dx, int batch, int height, int width, int channels,
                    Workers workers) {
        int outHeight = rows.first().length;
        int outWidth = columns.first().length;
        Taps down = rows.transposed(height);
        Taps across = columns.transposed(width);
        workers.run(batch * height, (task, _) -> {
            int row = task % height;
            long image = (long) (task / height) * outHeight;
            for (int column = 0; column < width; column++) {
                long pixel = dx + 4L * ((long) task * width + column) * channels;
                double[] above = down.weights()[row];
                double[] beside = across.weights()[column];
                if (above.length * beside.length == 0) { // between windows
                    ALL.asSlice(pixel, 4L * channels).fill((byte) 0);
                }
                for (int r = 0; r < above.length; r++) {
                    long line = (image + down.first()[row] + r) * outWidth + across.first()[column];
                    for (int c = 0; c < beside.length; c++) {
                        add((float) (above[r] * beside[c]), dy + 4 * (line + c) * channels, pixel, channels, r + c == 0);
                    }
                }
            }
        });
    }

    private static void add(float weight, long dy, long pixel, int channels, boolean first) {
        if (first) {
            VectorElementwise.affine(weight, 0, dy, pixel, channels);
        } else {
            VectorOptimization.accumulate(UPDATES, weight, dy, pixel, channels);
        }
    }
}
