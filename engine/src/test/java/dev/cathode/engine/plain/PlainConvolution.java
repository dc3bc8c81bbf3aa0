package dev.cathode.engine.plain;

import static dev.cathode.engine.plain.PlainKernels.get;
import static dev.cathode.engine.plain.PlainKernels.set;

import dev.cathode.kernels.cpu.Activation;
import dev.cathode.kernels.cpu.Convolution;
import dev.cathode.kernels.cpu.ConvolutionAlgorithm;
import dev.cathode.kernels.cpu.ConvolutionShape;
import dev.cathode.kernels.cpu.Epilogue;
import dev.cathode.kernels.cpu.WeightView;
import dev.cathode.kernels.cpu.Workers;

/// A convolution; its weights are packed as float32 `[O, KH, KW, I]`.
record PlainConvolution(ConvolutionShape shape, Epilogue epilogue) implements Convolution {
    @Override
    public ConvolutionAlgorithm algorithm() {
        return ConvolutionAlgorithm.DIRECT;
    }

    @Override
    public String packing() {
        return "plain";
    }

    @Override
    public long packedBytes() {
        return 4L * shape.outChannels() * taps();
    }

    private int taps() {
        return shape.kernelHeight() * shape.kernelWidth() * shape.inChannels();
    }

    @Override
    public void pack(WeightView w, long destination, Workers workers) {
        workers.run(shape.outChannels(), (o, worker) -> {
            long to = (long) o * taps();
            for (int y = 0; y < shape.kernelHeight(); y++) {
                for (int x = 0; x < shape.kernelWidth(); x++) {
                    for (int i = 0; i < shape.inChannels(); i++) {
                        long from = o * w.outStride() + y * w.rowStride() + x * w.columnStride() + i * w.inStride();
                        set(destination, to++, get(w.storage(), w.address(), from));
                    }
                }
            }
        });
    }

    @Override
    public long workspaceBytes(int threads) {
        return 8L * shape.outChannels() * threads;
    }

    @Override
    public void run(Arguments a, Workers workers) {
        int columns = shape.outWidth();
        workers.run(shape.batch() * shape.outHeight(), (row, worker) -> {
            double[] sums = new double[shape.outChannels()];
            int n = row / shape.outHeight();
            for (int x = 0; x < columns; x++) {
                long pixel = (long) row * columns + x;
                for (int o = 0; o < sums.length; o++) {
                    sums[o] = sum(a, n, row % shape.outHeight(), x, o)
                            + (epilogue.bias() ? get(a.bias(), o) : 0)
                            + (epilogue.sampleBias() ? get(a.sampleBias(), (long) n * sums.length + o) : 0);
                }
                int stored = epilogue.gated() ? sums.length / 2 : sums.length;
                for (int o = 0; o < stored; o++) {
                    double y = epilogue.gated()
                            ? sums[o] * PlainKernels.activate(Activation.GELU, sums[stored + o])
                            : PlainKernels.activate(epilogue.activation(), sums[o]);
                    y += epilogue.residual() ? get(a.residual(), pixel * a.residualStride() + o) : 0;
                    set(a.output(), pixel * a.outputStride() + o, y);
                }
            }
        });
    }

    private double sum(Arguments a, int n, int outY, int outX, int o) {
        double sum = 0;
        for (int ky = 0; ky < shape.kernelHeight(); ky++) {
            int y = outY * shape.strideHeight() + ky - shape.padTop();
            for (int kx = 0; kx < shape.kernelWidth(); kx++) {
                int x = outX * shape.strideWidth() + kx - shape.padLeft();
                if (y < 0 || y >= shape.resizedHeight() || x < 0 || x >= shape.resizedWidth()) {
                    continue;
                }
                long pixel = ((long) n * shape.height() + (long) y * shape.height() / shape.resizedHeight())
                        * shape.width() + (long) x * shape.width() / shape.resizedWidth();
                long w = ((long) o * shape.kernelHeight() + ky) * shape.kernelWidth() + kx;
                for (int i = 0; i < shape.inChannels(); i++) {
                    sum += (double) get(a.input(), pixel * a.inputStride() + i)
                            * get(a.weights(), w * shape.inChannels() + i);
                }
            }
        }
        return sum;
    }
}
