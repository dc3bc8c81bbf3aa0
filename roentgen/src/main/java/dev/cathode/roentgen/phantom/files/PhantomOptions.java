package dev.cathode.roentgen.phantom.files;

import dev.cathode.roentgen.phantom.View;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;

/// Which phantoms to write, and how.
///
/// @param seed other seeds give other patients
/// @param count studies; each has one or two films
/// @param size pixels of a film's shorter side
/// @param views the views to keep
/// @param threads that draw at the same time; the files do not depend on it
public record PhantomOptions(long seed, int count, int size, Set<View> views, int threads) {
    private static final int SMALLEST = 16;
    private static final int LARGEST = 4096;

    /// Checks the numbers.
    ///
    /// @throws IllegalArgumentException naming what cannot be
    public PhantomOptions {
        if (count < 1 || threads < 1) {
            throw new IllegalArgumentException("at least one phantom and one thread, not " + count + " and " + threads);
        }
        if (size < SMALLEST || size > LARGEST) {
            throw new IllegalArgumentException("films have %d to %d pixels, not %d".formatted(SMALLEST, LARGEST, size));
        }
        if (views.isEmpty()) {
            throw new IllegalArgumentException("at least one view of PA, AP and LATERAL");
        }
        views = Collections.unmodifiableSet(EnumSet.copyOf(views));
    }
}
