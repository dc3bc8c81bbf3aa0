package dev.cathode.kernels.cuda;

import dev.cathode.kernels.cpu.Rearrangement.Filter;
import dev.cathode.kernels.cpu.vector.SmoothResize;
import dev.cathode.kernels.cpu.vector.Taps;
import java.util.Arrays;

/// How one axis of an image is resampled: each position of the result is a weighted sum of `taps` source positions from
/// `first` on. Both arrays have to be put into the device's memory, where [CudaResample] reads them.
///
/// @param first first source position of each position of the result
/// @param weights `[positions, taps]`; positions with fewer sources have zeros at their ends, which are not read
/// @param taps weights of a position
/// @param size source positions
public record ResampleTable(int[] first, float[] weights, int taps, int size) {
    /// Nearest neighbours of `size` positions, `out` of them.
    public static ResampleTable nearest(int size, int out) {
        return of(Taps.nearest(size, out), size);
    }

    /// Means over windows; zeros of the padding count if `countPadding`.
    public static ResampleTable window(int size, int kernel, int stride, int pad, boolean countPadding) {
        int out = (size + 2 * pad - kernel) / stride + 1;
        return of(Taps.window(size, out, kernel, stride, pad, countPadding), size);
    }

    /// Means over the areas of PyTorch's adaptive pooling.
    public static ResampleTable adaptive(int size, int out) {
        return of(Taps.adaptive(size, out), size);
    }

    /// PyTorch's `interpolate(mode, align_corners=False, antialias)`.
    public static ResampleTable smooth(Filter filter, boolean antialias, int size, int out) {
        return of(SmoothResize.taps(filter, antialias, size, out), size);
    }

    /// The table that takes gradients back: from positions of the result to source positions.
    public ResampleTable transposed() {
        double[][] rows = new double[first.length][taps];
        for (int o = 0; o < first.length; o++) {
            for (int i = 0; i < taps; i++) {
                rows[o][i] = weights[o * taps + i];
            }
        }
        return of(new Taps(first, rows).transposed(size), first.length);
    }

    private static ResampleTable of(Taps taps, int size) {
        int most = Math.max(1, Arrays.stream(taps.weights()).mapToInt(w -> w.length).max().orElse(1));
        float[] weights = new float[taps.first().length * most];
        for (int o = 0; o < taps.first().length; o++) {
            for (int i = 0; i < taps.weights()[o].length; i++) {
                weights[o * most + i] = (float) taps.weights()[o][i];
            }
        }
        return new ResampleTable(taps.first(), weights, most, size);
    }
}
