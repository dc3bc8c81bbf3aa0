package dev.cathode.cli;

/// The command line's entry point.
public final class Main {
    private Main() { }

    /// Runs a command.
    ///
    /// @param args the command and its options
    public static void main(String[] args) {
        System.err.println("cathode: no commands yet");
    }
}
