package dev.cathode.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/// What a command printed and how it ended.
record Outcome(int code, String out, String err) {
    /// Runs a command in this process.
    static Outcome of(String... args) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int code = Main.run(new PrintWriter(out, true), new PrintWriter(err, true), args);
        return new Outcome(code, out.toString(), err.toString());
    }

    /// Runs a command line as a process with nothing on its standard input.
    ///
    /// @param environment variables to set; a null value removes the variable
    static Outcome ofProcess(List<String> command, Map<String, String> environment) {
        try (Running running = Running.start(command, environment)) {
            return running.end();
        }
    }

    /// A process that has been started.
    ///
    /// @param out the file that holds what it prints
    record Running(Process process, Path out, Path err) implements AutoCloseable {
        static Running start(List<String> command, Map<String, String> environment) {
            try {
                Path out = Files.createTempFile("cathode-test", ".out");
                Path err = Files.createTempFile("cathode-test", ".err");
                ProcessBuilder builder = new ProcessBuilder(hearing(command))
                        .redirectInput(Path.of("/dev/null").toFile())
                        .redirectOutput(out.toFile()).redirectError(err.toFile());
                environment.forEach((name, value) -> {
                    if (value == null) {
                        builder.environment().remove(name);
                    } else {
                        builder.environment().put(name, value);
                    }
                });
                return new Running(builder.start(), out, err);
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        }

        /// A shell ignores SIGINT for what it runs in the background, and what ignores a signal passes that on to its
        /// children: tests that were started so could not interrupt anything. Where `env` can, it undoes that.
        private static List<String> hearing(List<String> command) throws IOException {
            List<String> before = List.of("env", "--default-signal=INT");
            try {
                List<String> probe = Stream.concat(before.stream(), Stream.of("true")).toList();
                boolean can = new ProcessBuilder(probe).redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD).start().waitFor() == 0;
                return can ? Stream.concat(before.stream(), command.stream()).toList() : command;
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
        }

        /// Sends a signal by the system's own `kill`.
        void signal(String name) {
            try {
                new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor();
            } catch (IOException | InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }

        /// Waits for the end.
        Outcome end() {
            try {
                if (!process.waitFor(120, TimeUnit.SECONDS)) {
                    throw new AssertionError("does not end; so far: " + text(out) + text(err));
                }
                return new Outcome(process.exitValue(), text(out), text(err));
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }

        static String text(Path file) {
            try {
                return Files.readString(file, StandardCharsets.UTF_8);
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        }

        @Override
        public void close() {
            process.destroyForcibly();
            try {
                Files.deleteIfExists(out);
                Files.deleteIfExists(err);
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    /// The command line that starts the built jar as people do.
    static List<String> jar(String... args) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("-jar");
        command.add(Path.of("target", "cathode.jar").toAbsolutePath().toString());
        command.addAll(List.of(args));
        return command;
    }
}
