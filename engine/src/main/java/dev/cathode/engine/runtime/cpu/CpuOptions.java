package dev.cathode.engine.runtime.cpu;

import dev.cathode.kernels.cpu.ConvolutionAlgorithm;
import dev.cathode.kernels.cpu.WeightStorage;
import java.util.Optional;

/// How the CPU shall compute.
///
/// @param threads threads for the kernels
/// @param convolutions the algorithm of 3×3 convolutions; [ConvolutionAlgorithm#DIRECT] needs no transformed weights,
///         so it takes the least memory and rounds the least
/// @param storage how weights are kept; empty: as the checkpoint stores them
/// @param mixed whether linear layers, convolutions and attention compute with numbers of 16 bits
///         ([dev.cathode.kernels.cpu.CpuKernels#mixedConvolution]); the storage of their weights follows from that, and
///         everything else is float32
public record CpuOptions(int threads, ConvolutionAlgorithm convolutions, Optional<WeightStorage> storage,
                         boolean mixed) {
    /// All processors, the planner's algorithms, weights as stored, float32.
    public static CpuOptions defaults() {
        return new CpuOptions(Runtime.getRuntime().availableProcessors(), ConvolutionAlgorithm.AUTO, Optional.empty(),
                false);
    }

    /// These options with another algorithm.
    public CpuOptions withConvolutions(ConvolutionAlgorithm algorithm) {
        return new CpuOptions(threads, algorithm, storage, mixed);
    }

    /// These options with another number of threads.
    public CpuOptions withThreads(int count) {
        return new CpuOptions(count, convolutions, storage, mixed);
    }

    /// These options with weights kept in a type.
    public CpuOptions withStorage(WeightStorage type) {
        return new CpuOptions(threads, convolutions, Optional.of(type), mixed);
    }

    /// These options in mixed precision.
    public CpuOptions withMixedPrecision() {
        return new CpuOptions(threads, convolutions, storage, true);
    }
}
