package dev.cathode.engine.plain;

import static dev.cathode.engine.plain.PlainKernels.get;
import static dev.cathode.engine.plain.PlainKernels.set;

import dev.cathode.kernels.cpu.Attention;
import dev.cathode.kernels.cpu.Workers;

/// Attention with a whole row of scores.
record PlainAttention(Shape shape) implements Attention {
    @Override
    public long workspaceBytes(int threads) {
        return 0;
    }

    @Override
    public void run(Arguments a, Workers workers) {
        workers.run(shape.batch() * shape.queries(), (row, worker) -> {
            int n = row / shape.queries();
            int visible = shape.causal() ? Math.min(shape.keys(), row % shape.queries() + 1) : shape.keys();
            double[] scores = new double[visible];
            for (int h = 0; h < shape.heads(); h++) {
                scores(a, n, row, h, scores);
                for (int c = 0; c < shape.headSize(); c++) {
                    double sum = 0;
                    for (int s = 0; s < visible; s++) {
                        sum += scores[s] * get(a.v(), key(n, s) * a.vStride() + h * shape.headSize() + c);
                    }
                    set(a.output(), (long) row * a.outputStride() + h * shape.headSize() + c, sum);
                }
            }
        });
    }

    /// Softmax of the scores.
    private void scores(Arguments a, int n, int row, int h, double[] scores) {
        double max = Double.NEGATIVE_INFINITY;
        for (int s = 0; s < scores.length; s++) {
            double dot = 0;
            for (int c = 0; c < shape.headSize(); c++) {
                int channel = h * shape.headSize() + c;
                dot += (double) get(a.q(), (long) row * a.qStride() + channel)
                        * get(a.k(), key(n, s) * a.kStride() + channel);
            }
            scores[s] = dot * shape.scale() + (shape.masked() ? get(a.mask(), key(n, s)) : 0);
            max = Math.max(max, scores[s]);
        }
        double sum = 0;
        for (int s = 0; s < scores.length; s++) {
            scores[s] = Math.exp(scores[s] - max);
            sum += scores[s];
        }
        for (int s = 0; s < scores.length; s++) {
            scores[s] /= sum;
        }
    }

    private long key(int n, int s) {
        return (long) n * shape.keys() + s;
    }
}
