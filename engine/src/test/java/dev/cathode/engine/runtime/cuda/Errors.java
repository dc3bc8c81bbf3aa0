package dev.cathode.engine.runtime.cuda;

/// How far numbers are from others.
final class Errors {
    private Errors() { }

    /// The norm of the difference over the norm of what is expected.
    static double relative(float[] actual, float[] expected) {
        if (actual.length != expected.length) {
            throw new AssertionError(actual.length + " numbers instead of " + expected.length);
        }
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < expected.length; i++) {
            difference += Math.pow((double) actual[i] - expected[i], 2);
            norm += (double) expected[i] * expected[i];
        }
        return Math.sqrt(difference / norm);
    }
}
