package dev.cathode.cli;

/// Hooks that run when the process is told to end.
final class Shutdown {
    private Shutdown() { }

    /// Takes a hook back, unless the process is ending already.
    static void forget(Thread hook) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // the process is ending, and the hook runs
        }
    }
}
