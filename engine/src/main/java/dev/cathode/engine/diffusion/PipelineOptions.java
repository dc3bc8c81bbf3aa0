package dev.cathode.engine.diffusion;

import dev.cathode.kernels.cpu.ConvolutionAlgorithm;
import dev.cathode.kernels.cpu.WeightStorage;
import dev.cathode.weights.ModelOptions;
import java.util.Optional;

/// How to load and run a model.
///
/// @param model which of a model's files to take
/// @param storage how weights are kept in memory; empty: as the checkpoint stores them. Arithmetic is float32 always
/// @param memory what may be kept
/// @param threads threads for the kernels
/// @param convolutions the algorithm of 3×3 convolutions; [MemoryMode#LOW] implies [ConvolutionAlgorithm#DIRECT]
public record PipelineOptions(ModelOptions model, Optional<WeightStorage> storage, MemoryMode memory, int threads,
                              ConvolutionAlgorithm convolutions) {
    /// What a pipeline keeps in memory.
    public enum MemoryMode {
        /// Transformed weights for speed; U-Net and autoencoder stay loaded.
        NORMAL,
        /// Weights as stored, no transformed copies, and one network at a time.
        LOW
    }

    /// Plain weight files, everything for speed, all processors.
    public static PipelineOptions defaults() {
        return new PipelineOptions(ModelOptions.DEFAULT, Optional.empty(), MemoryMode.NORMAL,
                Runtime.getRuntime().availableProcessors(), ConvolutionAlgorithm.AUTO);
    }

    /// These options with other files.
    public PipelineOptions withModel(ModelOptions files) {
        return new PipelineOptions(files, storage, memory, threads, convolutions);
    }

    /// These options with weights kept in a type.
    public PipelineOptions withStorage(WeightStorage type) {
        return new PipelineOptions(model, Optional.of(type), memory, threads, convolutions);
    }

    /// These options with another memory mode.
    public PipelineOptions withMemory(MemoryMode mode) {
        return new PipelineOptions(model, storage, mode, threads, convolutions);
    }

    /// These options with another number of threads.
    public PipelineOptions withThreads(int number) {
        return new PipelineOptions(model, storage, memory, number, convolutions);
    }

    /// These options with another algorithm.
    public PipelineOptions withConvolutions(ConvolutionAlgorithm algorithm) {
        return new PipelineOptions(model, storage, memory, threads, algorithm);
    }
}
