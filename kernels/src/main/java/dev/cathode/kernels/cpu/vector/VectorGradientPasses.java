package dev.cathode.kernels.cpu.vector;

import dev.cathode.kernels.cpu.Activation;

/// [GradientPasses] on the Vector API.
final class VectorGradientPasses implements GradientPasses {
    @Override
    public void chain(Activation activation, long x, long dy, long dx, int count) {
        ActivationGradients.chain(activation, x, dy, dx, count);
    }
}
