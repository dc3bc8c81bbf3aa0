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
    private final Products products;
    private final Attentions attentions;
    /// What computes products and attention, for people; empty if it is the Vector API.
    private final String name;
    private final String reason;

    /// The kernels on the Vector API, because somebody asked for them.
    public VectorKernels() {
        this("asked for");
    }

    /// The kernels on the Vector API.
    ///
    /// @param reason why not faster ones
    public VectorKernels(String reason) {
        this(new VectorProducts(), VectorAttention::new, "", reason);
    }

    /// The kernels on the Vector API, but for their products and attention.
    ///
    /// @param products in vectors as wide as the Vector API's here
    /// @param attentions what prepares attention
    /// @param name what these are, for people
    /// @param reason why it was chosen
    public VectorKernels(Products products, Attentions attentions, String name, String reason) {
        CompilerDirectives.install();
        this.products = products;
        this.attentions = attentions;
        this.name = name;
        this.reason = reason;
    }

    /// The inner loops of products, for measurements.
    Products products() {
        return products;
    }

    @Override
    public String description() {
        return (name.isEmpty() ? "" : name + ", ") + "Vector API, " + Simd.SPECIES.vectorBitSize() + " bit";
    }

    @Override
    public String reason() {
        return reason;
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
    public double mixedPeakRate(Workers workers) {
        return PeakRate.measure(workers, products.rounded()::spin);
    }

    @Override
    public String mixedDescription() {
        return products.rounded().description();
    }

    @Override
    public Convolution convolution(ConvolutionShape shape, Epilogue epilogue, ConvolutionAlgorithm algorithm,
                                   WeightStorage storage) {
        return ConvolutionPlanner.prepare(shape, epilogue, algorithm, storage, products);
    }

    @Override
    public Convolution mixedConvolution(ConvolutionShape shape, Epilogue epilogue, ConvolutionAlgorithm algorithm) {
        return ConvolutionPlanner.prepareMixed(shape, epilogue, algorithm, products);
    }

    @Override
    public FilterGradient filterGradient(ConvolutionShape shape) {
        return new FilterGemm(shape, products);
    }

    @Override
    public FilterGradient mixedFilterGradient(ConvolutionShape shape) {
        return FilterGemm.mixed(shape, products);
    }

    @Override
    public Attention attention(Attention.Shape shape) {
        return attentions.prepare(shape);
    }

    @Override
    public Attention mixedAttention(Attention.Shape shape) {
        return attentions.prepareMixed(shape);
    }

    @Override
    public AttentionGradient attentionGradient(Attention.Shape shape) {
        return new VectorAttentionGradient(shape, attentions.blocks(), attentions.scores(), products.passes());
    }

    @Override
    public Normalization normalization() {
        return new VectorNormalization(products.passes());
    }

    @Override
    public NormalizationGradient normalizationGradient() {
        return new VectorNormalizationGradient(products.passes(), products.gradientPasses());
    }

    @Override
    public Elementwise elementwise() {
        return new VectorElementwise(products.passes());
    }

    @Override
    public Rearrangement rearrangement() {
        return new VectorRearrangement(products.passes().conversions());
    }

    @Override
    public ElementwiseGradient elementwiseGradient() {
        return new VectorElementwiseGradient(products.gradientPasses());
    }

    @Override
    public RearrangementGradient rearrangementGradient() {
        return new VectorRearrangementGradient();
    }

    @Override
    public Optimization optimization() {
        return new VectorOptimization(products.updates());
    }
}
