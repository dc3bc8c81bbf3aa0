package dev.cathode.roentgen.classify;

import java.io.IOException;

/// Whoever wants to know how training gets on. All methods may be left out.
public interface ClassifierListener {
    /// A listener that does nothing.
    ClassifierListener NONE = new ClassifierListener() { };

    /// Pictures are decoded and resized; told by several threads.
    default void prepared(int done, int of) { }

    /// A picture cannot be read and is left out; told by several threads, in any order.
    default void unreadable(String id, IOException why) { }

    /// Training goes on from the end of an epoch.
    default void resumed(int epoch) { }

    /// A step was made.
    ///
    /// @param epoch from 1
    /// @param step of the epoch, from 1
    default void step(int epoch, int step, int steps, double loss) { }

    /// An epoch has ended.
    ///
    /// @param best whether it gave the best model so far
    default void epoch(EpochResult result, boolean best) { }
}
