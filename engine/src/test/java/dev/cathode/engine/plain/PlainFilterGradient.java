package dev.cathode.engine.plain;

import static dev.cathode.engine.plain.PlainKernels.get;
import static dev.cathode.engine.plain.PlainKernels.set;

import dev.cathode.kernels.cpu.ConvolutionShape;
import dev.cathode.kernels.cpu.FilterGradient;
import dev.cathode.kernels.cpu.Workers;

/// The gradient with respect to a filter, pixel by pixel in float64.
record PlainFilterGradient(ConvolutionShape shape) implements FilterGradient {
    @Override
    public long workspaceBytes(int threads) {
        return 0;
    }

    @Override
    public void run(Arguments a, Workers workers) {
        int taps = shape.kernelHeight() * shape.kernelWidth();
        workers.run(shape.outChannels() * taps, (task, worker) -> {
            int o = task / taps;
            int ky = task % taps / shape.kernelWidth();
            int kx = task % shape.kernelWidth();
            for (int i = 0; i < shape.inChannels(); i++) {
                set(a.filterGradient(), (long) task * shape.inChannels() + i, sum(a, o, ky, kx, i));
            }
        });
    }

    private double sum(Arguments a, int o, int ky, int kx, int i) {
        double sum = 0;
        for (int pixel = 0; pixel < shape.rows(); pixel++) {
            int x = pixel % shape.outWidth() * shape.strideWidth() + kx - shape.padLeft();
            int row = pixel / shape.outWidth();
            int y = row % shape.outHeight() * shape.strideHeight() + ky - shape.padTop();
            if (y >= 0 && y < shape.height() && x >= 0 && x < shape.width()) {
                long from = ((long) row / shape.outHeight() * shape.height() + y) * shape.width() + x;
                sum += (double) get(a.outputGradient(), (long) pixel * a.outputGradientStride() + o)
                        * get(a.input(), from * a.inputStride() + i);
            }
        }
        return sum;
    }
}
