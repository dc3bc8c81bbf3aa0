package dev.cathode.cli;

import java.io.PrintWriter;

/// The command line's entry point.
public final class Main {
    private Main() { }

    /// Runs a command and ends the process with its exit code.
    ///
    /// @param args the command and its options
    public static void main(String[] args) {
        if (Relaunch.needed()) {
            System.exit(Relaunch.run(args));
        }
        Relaunch.arrive();
        System.setProperty("java.awt.headless", "true"); // picture files need no screen
        System.exit(run(new PrintWriter(System.out, true), new PrintWriter(System.err, true), args));
    }

    /// Runs a command in this process.
    ///
    /// @param out for results
    /// @param err for everything else
    /// @return the exit code
    static int run(PrintWriter out, PrintWriter err, String... args) {
        try {
            return CathodeCommand.commandLine(out, err).execute(args);
        } catch (OutOfMemoryError e) {
            err.println("cathode: out of memory (" + e.getMessage() + "): java -Xmx8g -jar cathode.jar, or"
                    + " CATHODE_JAVA=-Xmx8g ./cathode, allow 8 GiB");
            return CathodeCommand.FAILURE;
        }
    }
}
