package dev.cathode.engine.plain;

import static dev.cathode.engine.plain.PlainKernels.get;
import static dev.cathode.engine.plain.PlainKernels.set;

import dev.cathode.kernels.cpu.Attention;
import dev.cathode.kernels.cpu.AttentionGradient;
import dev.cathode.kernels.cpu.Workers;

/// The derivative of softmax with a whole row of scores; one task is a head.
record PlainAttentionGradient(Attention.Shape shape) implements AttentionGradient {
    @Override
    public long workspaceBytes(int threads) {
        return 0;
    }

    @Override
    public void run(Arguments a, Workers workers) {
        workers.run(shape.batch() * shape.heads(), (task, worker) -> {
            long rows = (long) (task / shape.heads()) * shape.queries();
            int channel = task % shape.heads() * shape.headSize();
            double[][] dk = new double[shape.keys()][shape.headSize()];
            double[][] dv = new double[shape.keys()][shape.headSize()];
            for (int i = 0; i < shape.queries(); i++) {
                query(a, task / shape.heads(), rows + i, i, channel, dk, dv);
            }
            for (int j = 0; j < shape.keys(); j++) {
                for (int c = 0; c < shape.headSize(); c++) {
                    long at = (long) (task / shape.heads() * shape.keys() + j) * width() + channel + c;
                    set(a.kGradient(), at, dk[j][c]);
                    set(a.vGradient(), at, dv[j][c]);
                }
            }
        });
    }

    private int width() {
        return shape.heads() * shape.headSize();
    }

    private void query(Arguments a, int n, long row, int i, int channel, double[][] dk, double[][] dv) {
        int visible = shape.causal() ? Math.min(shape.keys(), i + 1) : shape.keys();
        double[] p = new double[visible];
        double[] dp = new double[visible];
        double max = Double.NEGATIVE_INFINITY;
        for (int j = 0; j < visible; j++) {
            long key = (long) n * shape.keys() + j;
            for (int c = channel; c < channel + shape.headSize(); c++) {
                p[j] += (double) get(a.q(), row * a.qStride() + c) * get(a.k(), key * a.kStride() + c);
                dp[j] += (double) get(a.outputGradient(), row * a.outputGradientStride() + c)
                        * get(a.v(), key * a.vStride() + c);
            }
            p[j] = p[j] * shape.scale() + (shape.masked() ? get(a.mask(), key) : 0);
            max = Math.max(max, p[j]);
        }
        double sum = 0;
        double mean = 0;
        for (int j = 0; j < visible; j++) {
            p[j] = Math.exp(p[j] - max);
            sum += p[j];
            mean += p[j] * dp[j];
        }
        double[] dq = new double[shape.headSize()];
        for (int j = 0; j < visible; j++) {
            double ds = p[j] / sum * (dp[j] - mean / sum) * shape.scale();
            for (int c = 0; c < shape.headSize(); c++) {
                dq[c] += ds * get(a.k(), ((long) n * shape.keys() + j) * a.kStride() + channel + c);
                dk[j][c] += ds * get(a.q(), row * a.qStride() + channel + c);
                dv[j][c] += p[j] / sum * get(a.outputGradient(), row * a.outputGradientStride() + channel + c);
            }
        }
        for (int c = 0; c < shape.headSize(); c++) {
            set(a.qGradient(), row * width() + channel + c, dq[c]);
        }
    }
}
