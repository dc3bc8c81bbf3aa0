package dev.cathode.engine.train.log;

/// What is known after an optimizer step.
///
/// @param step how many are done, this one included
/// @param epoch from 0
/// @param loss mean over all samples of the step
/// @param learningRate that the step used
/// @param gradientNorm l2 norm over all trained parameters, before clipping
/// @param imagesPerSecond see [StepTimer#imagesPerSecond]
/// @param waitedSeconds how long this step waited for data
public record StepReport(long step, long epoch, float loss, double learningRate, float gradientNorm,
        double imagesPerSecond, double waitedSeconds) {
}
