/// Training around the tensors: learning rates, the order of the samples and their random numbers, data loading,
/// checkpoints. Everything a step uses is a function of the seed and the step's number, so that a run that was
/// interrupted goes on exactly as if it had not been.
package dev.cathode.engine.train;
