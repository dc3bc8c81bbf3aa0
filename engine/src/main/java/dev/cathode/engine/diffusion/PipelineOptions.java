package dev.cathode.engine.diffusion;

import dev.cathode.kernels.cpu.ConvolutionAlgorithm;
import dev.cathode.kernels.cpu.WeightStorage;
import dev.cathode.weights.ModelOptions;
import java.util.Optional;

/// How to load and run a model.
///
/// @param model which of a model's files to take
/// @param storage how weights are kept in memory; empty: as the checkpoint stores them
/// @param mixed whether products are of 16-bit numbers; the storage of their weights follows from that
/// @param memory what may be kept
/// @param threads threads for the kernels
/// @param convolutions the algorithm of 3×3 convolutions; [MemoryMode#LOW] implies [ConvolutionAlgorithm#DIRECT],
///         [MemoryMode#HIGH] makes of [ConvolutionAlgorithm#AUTO] the fastest
public record PipelineOptions(ModelOptions model, Optional<WeightStorage> storage, boolean mixed, MemoryMode memory,
                              int threads, ConvolutionAlgorithm convolutions) {
    /// What a pipeline keeps in memory, up to the decoding of the last picture ([ImageRequest#last()]).
    public enum MemoryMode {
        /// Transformed weights wherever they are faster; U-Net and autoencoder stay loaded.
        HIGH,
        /// Transformed weights where they gain much; U-Net and autoencoder stay loaded.
        NORMAL,
        /// No transformed weights, and one network at a time.
        LOW
    }

    /// Plain weight files, float32, transformed weights where they gain much, all processors.
    public static PipelineOptions defaults() {
        return new PipelineOptions(ModelOptions.DEFAULT, Optional.empty(), false, MemoryMode.NORMAL,
                Runtime.getRuntime().availableProcessors(), ConvolutionAlgorithm.AUTO);
    }

    /// These options with other files.
    public PipelineOptions withModel(ModelOptions files) {
        return new PipelineOptions(files, storage, mixed, memory, threads, convolutions);
    }

    /// These options with weights kept in a type.
    public PipelineOptions withStorage(WeightStorage type) {
        return new PipelineOptions(model, Optional.of(type), mixed, memory, threads, convolutions);
    }

    /// These options in mixed precision.
    public PipelineOptions withMixedPrecision() {
        return new PipelineOptions(model, storage, true, memory, threads, convolutions);
    }

    /// These options with another memory mode.
    public PipelineOptions withMemory(MemoryMode mode) {
        return new PipelineOptions(model, storage, mixed, mode, threads, convolutions);
    }

    /// These options with another number of threads.
    public PipelineOptions withThreads(int number) {
        return new PipelineOptions(model, storage, mixed, memory, number, convolutions);
    }

    /// These options with another algorithm.
    public PipelineOptions withConvolutions(ConvolutionAlgorithm algorithm) {
        return new PipelineOptions(model, storage, mixed, memory, threads, algorithm);
    }
}
