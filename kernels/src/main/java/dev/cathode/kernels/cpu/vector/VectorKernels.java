package dev.cathode.kernels.cpu.vector;

import dev.cathode.kernels.cpu.Attention;
import dev.cathode.kernels.cpu.AttentionGradient;
import dev.cathode.kernels.cpu.Convolution;
import dev.cathode.kernels.cpu.ConvolutionAlgorithm;
import dev.cathode.kernels.cpu.ConvolutionShape;
import dev.cathode.kernels.cpu.CpuKernels;
import dev.cathode.kernels.cpu.Elementwise;
import dev.cathode.kernels.cpu.ElementwiseGradient;
import dev.cathode.kernels.cpu.Epilogue;
import dev.cathode.kernels.cpu.FilterGradient;
import dev.cathode.kernels.cpu.Normalization;
import dev.cathode.kernels.cpu.NormalizationGradient;
import dev.cathode.kernels.cpu.Optimization;
import dev.cathode.kernels.cpu.Rearrangement;
import dev.cathode.kernels.cpu.RearrangementGradient;
import dev.cathode.kernels.cpu.WeightStorage;
import dev.cathode.kernels.cpu.Workers;

/// The kernels on the Vector API: they run wherever Java does, at the width the processor has.
public final class VectorKernels implements CpuKernels {
    /// The kernels; they have no state.
    public VectorKernels() {
        CompilerDirectives.install();
    }

    @Override
    public String description() {
        return "Vector API, " + Simd.SPECIES.vectorBitSize() + " bit";
    }

    @Override
    public int lanes() {
        return Simd.LANES;
    }

    @Override
    public double peakRate(Workers workers) {
        return PeakRate.measure(workers);
    }

    @Override
    public Convolution convolution(ConvolutionShape shape, Epilogue epilogue, ConvolutionAlgorithm algorithm,
                                   WeightStorage storage) {
        return ConvolutionPlanner.prepare(shape, epilogue, algorithm, storage);
    }

    @Override
    public FilterGradient filterGradient(ConvolutionShape shape) {
        return new FilterGemm(shape);
    }

    @Override
    public Attention attention(Attention.Shape shape) {
        return new VectorAttention(shape);
    }

    @Override
    public AttentionGradient attentionGradient(Attention.Shape shape) {
        return new VectorAttentionGradient(shape);
    }

    @Override
    public Normalization normalization() {
        return new VectorNormalization();
    }

    @Override
    public NormalizationGradient normalizationGradient() {
        return new VectorNormalizationGradient();
    }

    @Override
    public Elementwise elementwise() {
        return new VectorElementwise();
    }

    @Override
    public Rearrangement rearrangement() {
        return new VectorRearrangement();
    }

    @Override
    public ElementwiseGradient elementwiseGradient() {
        return new VectorElementwiseGradient();
    }

    @Override
    public RearrangementGradient rearrangementGradient() {
        return new VectorRearrangementGradient();
    }

    @Override
    public Optimization optimization() {
        return new VectorOptimization();
    }
}
