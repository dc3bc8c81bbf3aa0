package dev.cathode.weights;

import java.util.stream.IntStream;

/// The low-rank addition to one layer: `scale · up · down`.
///
/// @param down `[rank, inputs]`; of a convolution the inputs are channels times taps
/// @param up `[outputs, rank]`
/// @param scale alpha divided by the rank
record LoraFactors(float[] down, float[] up, int rank, double scale) {
    int outputs() {
        return up.length / rank;
    }

    int inputs() {
        return down.length / rank;
    }

    /// Adds `factor` times this to a weight `[outputs, inputs]`.
    void addTo(float[] weight, double factor) {
        int inputs = inputs();
        IntStream.range(0, outputs()).parallel().forEach(row -> {
            for (int r = 0; r < rank; r++) {
                float share = (float) (factor * scale * up[row * rank + r]);
                for (int i = 0; i < inputs; i++) {
                    weight[row * inputs + i] += share * down[r * inputs + i];
                }
            }
        });
    }
}
