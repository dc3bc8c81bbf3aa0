package dev.cathode.engine.train;

/// A loss or gradient that is not finite. Parameters are as they were before the step, and a checkpoint of them was
/// written.
public final class TrainingDivergedException extends RuntimeException {
    private static final long serialVersionUID = 1;

    TrainingDivergedException(String message) {
        super(message);
    }
}
