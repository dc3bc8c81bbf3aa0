package dev.cathode.engine.diffusion.schedulers;

import dev.cathode.engine.graph.UpdateOp.SamplerStep;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// A run of a sampler as numbers alone: for each evaluation the weights of [SamplerStep]. So the sampler's formula can
/// be part of the graph that a device runs, and nothing has to come back between two evaluations.
///
/// A step of most samplers is a weighted sum: of the sample, of the last predictions (or of the clean samples that they
/// mean), and of noise. Which weights, the sampler itself says: it is run with unit vectors as samples and predictions,
/// each a dimension of its own, and what comes out is the weights.
///
/// Samplers that do more than weigh (clipping), or that remember more than a few steps, have no such form.
public final class LinearSteps {
    private static final int KEPT = SamplerStep.KEPT;
    /// Large enough that anything that clips does so, and a power of two, so that nothing else changes.
    private static final float LARGE = 1 << 20;
    /// Weights are sums of a few float32 numbers of up to some tens.
    private static final double TOLERANCE = 1e-5;

    /// The weights of one evaluation's result, by evaluation: what it takes of each sample and of each prediction.
    private record Row(double[] samples, double[] predictions, double noise) { }

    private final Sampling sampling;
    private final Row[] rows;
    /// What is kept of each evaluation: so much of its sample, and so much of its prediction.
    private final double[][] kept;

    private LinearSteps(Sampling sampling, Row[] rows, double[][] kept) {
        this.sampling = sampling;
        this.rows = rows;
        this.kept = kept;
    }

    /// The weights of a run, `[count][SamplerStep.WEIGHTS]`; empty if it has no such form.
    ///
    /// @param begin index of the first timestep, as for [Scheduler#start]
    /// @param guidance how strongly to follow the prompt
    public static Optional<float[][]> of(Scheduler scheduler, int steps, int begin, float guidance) {
        Sampling sampling = scheduler.start(steps, begin);
        Row[] rows = probe(sampling, 1);
        if (rows.length > SamplerStep.MOST_STEPS || !Arrays.deepEquals(weights(rows),
                weights(probe(scheduler.start(steps, begin), LARGE)))) {
            return Optional.empty();
        }
        for (Row[] form : List.of(rows, withoutOldSamples(rows))) {
            Optional<double[][]> kept = kept(form);
            if (kept.isPresent()) {
                return Optional.of(new LinearSteps(sampling, form, kept.get()).table(guidance));
            }
        }
        return Optional.empty();
    }

    /// Runs a sampler with unit vectors: dimension i is sample i, dimension count + i prediction i, the last one noise.
    private static Row[] probe(Sampling sampling, float unit) {
        int count = sampling.count();
        Row[] rows = new Row[count];
        for (int i = 0; i < count; i++) {
            float[] noise = new float[2 * count + 1];
            float[] sample = noise.clone(), prediction = noise.clone();
            sample[i] = prediction[count + i] = noise[2 * count] = unit;
            float[] next = sampling.step(i, prediction, sample, () -> noise);
            double[] weights = new double[next.length];
            Arrays.setAll(weights, k -> next[k] / unit);
            rows[i] = new Row(Arrays.copyOf(weights, i + 1), Arrays.copyOfRange(weights, count, count + i + 1),
                    weights[2 * count]);
        }
        return rows;
    }

    private static double[][] weights(Row[] rows) {
        return Arrays.stream(rows).flatMap(row -> Arrays.stream(new double[][] {row.samples, row.predictions,
            {row.noise}})).toArray(double[][]::new);
    }

    /// The same run with earlier samples expressed by the one at hand: what led from one to the other is known. (Heun's
    /// method and PNDM's first steps start twice from the same sample.) Not where noise came between.
    private static Row[] withoutOldSamples(Row[] rows) {
        Row[] result = new Row[rows.length];
        for (int i = 0; i < rows.length; i++) {
            double[] samples = rows[i].samples.clone(), predictions = rows[i].predictions.clone();
            for (int j = 0; j < i; j++) { // sample j = (sample j+1 - Σ predictions) / weight
                double from = result[j].samples[j];
                if (samples[j] == 0 || from == 0 || result[j].noise != 0) {
                    continue;
                }
                double times = samples[j] / from;
                samples[j] = 0;
                samples[j + 1] += times;
                for (int k = 0; k <= j; k++) {
                    predictions[k] -= times * result[j].predictions[k];
                }
            }
            result[i] = new Row(samples, predictions, rows[i].noise);
        }
        return result;
    }

    /// What has to be kept of each evaluation so that later ones find what they take of its sample and prediction:
    /// possible if they all take the two in the same proportion, soon enough.
    private static Optional<double[][]> kept(Row[] rows) {
        double[][] kept = new double[rows.length][];
        for (int j = 0; j < rows.length; j++) {
            kept[j] = new double[] {0, 1};
            double largest = 0;
            for (int i = j + 1; i < rows.length; i++) {
                double size = Math.abs(rows[i].predictions[j]);
                if (size > largest) {
                    largest = size;
                    kept[j] = new double[] {rows[i].samples[j] / rows[i].predictions[j], 1};
                }
            }
            for (int i = j + 1; i < rows.length; i++) {
                double off = rows[i].samples[j] - kept[j][0] * rows[i].predictions[j];
                boolean taken = Math.max(Math.abs(rows[i].samples[j]), Math.abs(rows[i].predictions[j])) > TOLERANCE;
                if (Math.abs(off) > TOLERANCE * Math.max(1, Math.abs(rows[i].samples[j])) || taken && i - j >= KEPT) {
                    return Optional.empty();
                }
            }
        }
        return Optional.of(kept);
    }

    private float[][] table(float guidance) {
        float[][] table = new float[rows.length][];
        for (int i = 0; i < rows.length; i++) {
            Row row = rows[i];
            double[] weights = new double[KEPT];
            for (int k = 0; k < KEPT && k <= i; k++) {
                weights[k] = row.predictions[i - k];
            }
            float input = i + 1 < rows.length ? sampling.scaleModelInput(i + 1, new float[] {1})[0] : 1;
            table[i] = SamplerStep.weights(guidance, (float) kept[i][0], (float) kept[i][1],
                    (float) (row.samples[i] - weights[0] * kept[i][0]), floats(weights), (float) row.noise, input);
        }
        return table;
    }

    private static float[] floats(double[] numbers) {
        float[] rounded = new float[numbers.length];
        for (int i = 0; i < rounded.length; i++) {
            rounded[i] = (float) numbers[i];
        }
        return rounded;
    }
}
