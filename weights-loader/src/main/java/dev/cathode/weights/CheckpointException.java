package dev.cathode.weights;

/// A checkpoint that cannot be read; the message names the file, the tensor where there is one, and the reason.
public final class CheckpointException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /// @param message file, tensor and reason
    public CheckpointException(String message) {
        super(message);
    }

    /// @param message file, tensor and reason
    /// @param cause what was thrown below
    public CheckpointException(String message, Throwable cause) {
        super(message, cause);
    }
}
