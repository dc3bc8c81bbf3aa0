package dev.cathode.engine.plain;

import dev.cathode.kernels.cpu.Activation;
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
import dev.cathode.kernels.cpu.OffHeap;
import dev.cathode.kernels.cpu.Optimization;
import dev.cathode.kernels.cpu.Rearrangement;
import dev.cathode.kernels.cpu.RearrangementGradient;
import dev.cathode.kernels.cpu.WeightStorage;
import dev.cathode.kernels.cpu.Workers;
import java.lang.foreign.ValueLayout;

/// All kernels, by their formulas.
public final class PlainKernels implements CpuKernels {
    @Override
    public String description() {
        return "plain formulas";
    }

    @Override
    public String reason() {
        return "for tests";
    }

    @Override
    public double peakRate(Workers workers) {
        throw new UnsupportedOperationException("plain kernels are not for measuring");
    }

    @Override
    public int lanes() {
        return 1;
    }

    @Override
    public Convolution convolution(ConvolutionShape shape, Epilogue epilogue, ConvolutionAlgorithm algorithm,
                                   WeightStorage storage) {
        return new PlainConvolution(shape, epilogue);
    }

    @Override
    public Convolution mixedConvolution(ConvolutionShape shape, Epilogue epilogue, ConvolutionAlgorithm algorithm) {
        return new PlainConvolution(shape, epilogue);
    }

    @Override
    public double mixedPeakRate(Workers workers) {
        return peakRate(workers);
    }

    @Override
    public String mixedDescription() {
        return "exact";
    }

    @Override
    public FilterGradient filterGradient(ConvolutionShape shape) {
        return new PlainFilterGradient(shape);
    }

    @Override
    public FilterGradient mixedFilterGradient(ConvolutionShape shape) {
        return filterGradient(shape);
    }

    @Override
    public Attention attention(Attention.Shape shape) {
        return new PlainAttention(shape);
    }

    @Override
    public Attention mixedAttention(Attention.Shape shape) {
        return attention(shape);
    }

    @Override
    public AttentionGradient attentionGradient(Attention.Shape shape) {
        return new PlainAttentionGradient(shape);
    }

    @Override
    public Normalization normalization() {
        return new PlainNormalization();
    }

    @Override
    public NormalizationGradient normalizationGradient() {
        return new PlainNormalizationGradient();
    }

    @Override
    public Elementwise elementwise() {
        return new PlainElementwise();
    }

    @Override
    public Rearrangement rearrangement() {
        return new PlainRearrangement();
    }

    @Override
    public ElementwiseGradient elementwiseGradient() {
        return new PlainElementwiseGradient();
    }

    @Override
    public RearrangementGradient rearrangementGradient() {
        return new PlainRearrangementGradient();
    }

    @Override
    public Optimization optimization() {
        return new PlainOptimization();
    }

    static float get(long address, long index) {
        return OffHeap.ALL.get(ValueLayout.JAVA_FLOAT, address + 4 * index);
    }

    static void set(long address, long index, double value) {
        OffHeap.ALL.set(ValueLayout.JAVA_FLOAT, address + 4 * index, (float) value);
    }

    static int integer(long address, long index) {
        return OffHeap.ALL.get(ValueLayout.JAVA_INT, address + 4 * index);
    }

    /// A number stored as `storage`.
    static float get(WeightStorage storage, long address, long index) {
        return switch (storage) {
            case F32 -> get(address, index);
            case F16 -> Float.float16ToFloat(OffHeap.ALL.get(ValueLayout.JAVA_SHORT, address + 2 * index));
            case BF16 -> Float.intBitsToFloat(OffHeap.ALL.get(ValueLayout.JAVA_SHORT, address + 2 * index) << 16);
        };
    }

    static double activate(Activation activation, double x) {
        return switch (activation) {
            case NONE -> x;
            case RELU -> Math.max(x, 0);
            case SILU -> x * sigmoid(x);
            case GELU -> x * 0.5 * erfc(-x / Math.sqrt(2));
            case GELU_TANH -> 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
            case QUICK_GELU -> x * sigmoid(1.702 * x);
            case SIGMOID -> sigmoid(x);
            case TANH -> Math.tanh(x);
            case SOFTPLUS -> Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
            case EXP -> Math.exp(x);
        };
    }

    /// The derivative of [#activate]; of ReLU at 0 it is 0.
    static double derivative(Activation activation, double x) {
        return switch (activation) {
            case NONE -> 1;
            case RELU -> x > 0 ? 1 : 0;
            case SILU -> sigmoid(x) * (1 + x * sigmoid(-x));
            case GELU -> 0.5 * erfc(-x / Math.sqrt(2)) + x * Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
            case GELU_TANH -> {
                double t = Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x));
                yield 0.5 * (1 + t)
                        + 0.5 * x * (1 - t * t) * Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x * x);
            }
            case QUICK_GELU -> sigmoid(1.702 * x) * (1 + 1.702 * x * sigmoid(-1.702 * x));
            case SIGMOID -> sigmoid(x) * sigmoid(-x);
            case TANH -> 1 - Math.tanh(x) * Math.tanh(x);
            case SOFTPLUS -> sigmoid(x);
            case EXP -> Math.exp(x);
        };
    }

    private static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }

    /// The complementary error function: 2/√π times the integral of exp(-t²) from x on. Its power series for small |x|,
    /// its continued fraction for large (Abramowitz and Stegun 7.1.6 and 7.1.14).
    private static double erfc(double x) {
        if (Math.abs(x) < 2.5) {
            double term = 2 / Math.sqrt(Math.PI) * x * Math.exp(-x * x);
            double sum = 0;
            for (int n = 1; Math.abs(term) > 1e-18; n++) {
                sum += term;
                term *= 2 * x * x / (2 * n + 1);
            }
            return 1 - sum;
        }
        double magnitude = Math.abs(x);
        double fraction = magnitude;
        for (int n = 60; n >= 1; n--) {
            fraction = magnitude + n / 2.0 / fraction;
        }
        double tail = Math.exp(-x * x) / Math.sqrt(Math.PI) / fraction;
        return x > 0 ? tail : 2 - tail;
    }
}
