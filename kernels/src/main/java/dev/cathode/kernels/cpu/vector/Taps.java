package dev.cathode.kernels.cpu.vector;

import java.util.Arrays;

/// A linear map of a line of pixels to another: each output position is a weighted sum of neighbouring source
/// positions.
///
/// @param first for each output position, the first source position
/// @param weights for each output position, the weights from there on
public record Taps(int[] first, double[][] weights) {
    /// Source positions of one output position, and the weight of each.
    @FunctionalInterface
    private interface Area {
        Span at(int out);
    }

    private record Span(int from, int to, double weight) { }

    /// Nearest neighbours.
    public static Taps nearest(int size, int out) {
        return of(out, o -> {
            int source = (int) ((long) o * size / out);
            return new Span(source, source + 1, 1);
        });
    }

    /// Means over windows; padding counts as numbers if `countPadding`.
    public static Taps window(int size, int out, int kernel, int stride, int pad, boolean countPadding) {
        return of(out, o -> {
            int from = Math.max(0, o * stride - pad);
            int to = Math.min(size, o * stride - pad + kernel);
            return new Span(from, to, 1.0 / (countPadding ? kernel : to - from));
        });
    }

    /// Means over the areas of PyTorch's adaptive pooling.
    public static Taps adaptive(int size, int out) {
        return of(out, o -> {
            int from = o * size / out;
            int to = Math.ceilDiv((o + 1) * size, out);
            return new Span(from, to, 1.0 / (to - from));
        });
    }

    private static Taps of(int out, Area area) {
        int[] first = new int[out];
        double[][] weights = new double[out][];
        for (int o = 0; o < out; o++) {
            Span span = area.at(o);
            first[o] = span.from;
            weights[o] = new double[span.to - span.from];
            Arrays.fill(weights[o], span.weight);
        }
        return new Taps(first, weights);
    }

    /// The transposed map, which takes gradients back: from output positions to `size` source positions.
    public Taps transposed(int size) {
        int[] from = new int[size];
        int[] to = new int[size];
        for (int o = first.length - 1; o >= 0; o--) {
            for (int i = 0; i < weights[o].length; i++) {
                int source = first[o] + i;
                if (weights[o][i] != 0) {
                    from[source] = o;
                    to[source] = Math.max(to[source], o + 1);
                }
            }
        }
        double[][] back = new double[size][];
        for (int source = 0; source < size; source++) {
            back[source] = new double[to[source] - from[source]];
            for (int o = from[source]; o < to[source]; o++) {
                int i = source - first[o];
                back[source][o - from[source]] = i >= 0 && i < weights[o].length ? weights[o][i] : 0;
            }
        }
        return new Taps(from, back);
    }
}
