package dev.cathode.engine.graph;

/// Operations that change a parameter in place. Their result is a scalar that says nothing; a graph keeps them by
/// [Graph#effect]. They run where they stand: whatever reads the parameter's old numbers must stand before, and does,
/// if an update is added once the gradient is known.
///
/// The first inputs are what changes; they must be among the device's variables ([#variables] says how many). `factor`
/// (a scalar) multiplies the gradient; if it is not finite, nothing changes.
public sealed interface UpdateOp extends Op {
    /// How many of the first inputs change.
    default int variables() {
        return switch (this) {
            case Adam _, SamplerStep _ -> 3;
            case Sgd _ -> 2;
            case Average _, Accumulate _, Clear _ -> 1;
        };
    }

    /// AdamW (Loshchilov & Hutter 2019, https://arxiv.org/abs/1711.05101) or, if not `decoupled`, Adam with L2 penalty,
    /// as PyTorch computes them. Inputs: parameter, first moment, second moment, gradient, learning rate `[]`, step
    /// `[]` (I32, 1 in the first), factor `[]`.
    record Adam(double beta1, double beta2, double epsilon, double weightDecay, boolean decoupled)
            implements UpdateOp { }

    /// PyTorch's SGD. Inputs: parameter, momentum buffer, gradient, learning rate `[]`, step `[]` (I32), factor `[]`.
    record Sgd(double momentum, double weightDecay, boolean nesterov) implements UpdateOp { }

    /// `average += weight · (x - average)`: a moving average of parameters (the weight is 1 - decay), or running
    /// statistics. Inputs: average, x, weight `[]`, factor `[]` (only asked whether it is finite).
    record Average() implements UpdateOp { }

    /// `sum += x`. Inputs: sum, x.
    record Accumulate() implements UpdateOp { }

    /// Sets a parameter to zero. Input: the parameter.
    record Clear() implements UpdateOp { }

    /// A sampler's step after the network's evaluation: guidance, the scheduler's formula (a weighted sum), and the
    /// network's next input. No `factor`.
    ///
    /// * `e = unconditional + guidance · (conditional - unconditional)` if `guided`, else the prediction
    /// * what is kept of a step is `sampleKept · sample + predictionKept · e`
    /// * the next sample is `sampleWeight · sample + Σ kept[k] · (what was kept k steps ago) + noiseWeight · noise`
    /// * the network's next input is `inputScale · (next sample)`, twice if `guided`
    ///
    /// Inputs: the network's input `[2, …]` (unconditional, conditional) or if not `guided` `[1, …]`, sample `[1, …]`,
    /// history `[KEPT, …]`, all three changed; the prediction, like the network's input; noise `[1, …]`; the weights
    /// `[MOST_STEPS, WEIGHTS]`, a row for each step; the step's index `[]` (I32).
    record SamplerStep(boolean guided) implements UpdateOp {
        /// Steps that are remembered, the present one included.
        public static final int KEPT = 5;
        /// Numbers in a row of weights.
        public static final int WEIGHTS = KEPT + 6;
        /// Rows there are.
        public static final int MOST_STEPS = 2048;

        /// A row of weights.
        public static float[] weights(float guidance, float sampleKept, float predictionKept, float sampleWeight,
                                      float[] kept, float noiseWeight, float inputScale) {
            return new float[] {guidance, sampleKept, predictionKept, sampleWeight, kept[0], kept[1], kept[2], kept[3],
                kept[4], noiseWeight, inputScale};
        }

        /// The input `weights` of rows of them, row-major.
        ///
        /// @param rows at most [#MOST_STEPS]
        public static float[] table(float[][] rows) {
            float[] table = new float[MOST_STEPS * WEIGHTS];
            for (int i = 0; i < rows.length; i++) {
                System.arraycopy(rows[i], 0, table, i * WEIGHTS, WEIGHTS);
            }
            return table;
        }

        /// Whether a step with these weights reads noise.
        public static boolean addsNoise(float[] weights) {
            return weights[KEPT + 4] != 0;
        }
    }
}
