package dev.cathode.kernels.cuda.library;

/// A library that is missing, does not open or lacks a function; the message says what to do.
public final class LibraryException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /// @param message a sentence with file, reason and remedy
    public LibraryException(String message) {
        super(message);
    }
}
