package dev.cathode.cli;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.module.ModuleFinder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/// Starts this program again in a virtual machine with the flags it needs, so that `java -jar cathode.jar` needs none.
///
/// The Vector API is an incubator module: it is there only when asked for on the command line, and a program cannot add
/// it to itself. On POSIX systems `execv` replaces the process, so that process number, streams, signals and exit code
/// stay what they were; elsewhere, or with `-Dcathode.relaunch=child`, a child process does the work.
final class Relaunch {
    private static final String VECTOR = "jdk.incubator.vector";
    /// Set in the second virtual machine: it must not start a third.
    private static final String DONE = "cathode.relaunched";
    /// The number under which the second virtual machine finds the real error stream: while it starts, its own is
    /// `/dev/null`, because it insists on printing a warning that the Vector API is incubating.
    private static final int STDERR = 9;
    private static final String MOVED = "cathode.stderr.moved";
    /// Environment variables that Java reads arguments from. Those are among the input arguments already.
    private static final List<String> VARIABLES = List.of("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS");

    private static final String ASCII = "ANSI_X3.4-1968";

    private Relaunch() { }

    /// Whether this virtual machine lacks the Vector API.
    static boolean needed() {
        return ModuleLayer.boot().findModule(VECTOR).isEmpty();
    }

    /// Runs the program again.
    ///
    /// @return the exit code, if a child process ran it; `execv` does not return
    static int run(String[] args) {
        String home = System.getProperty("java.home");
        if (Boolean.getBoolean(DONE) || ModuleFinder.ofSystem().find(VECTOR).isEmpty()) {
            System.err.println("cathode: the Java runtime in " + home + " has no module " + VECTOR
                    + ": use a complete JDK 25 or newer");
            return CathodeCommand.FAILURE;
        }
        String java = Path.of(home, "bin", "java").toString();
        List<String> input = ManagementFactory.getRuntimeMXBean().getInputArguments();
        if (Posix.present() && !"child".equals(System.getProperty("cathode.relaunch"))) {
            replace(java, input, args);
        }
        return child(command(java, input, List.of(), System.getProperty("java.class.path"), args));
    }

    /// The command line of the second virtual machine: the first one's own arguments come first, so that ours, which
    /// it cannot do without, win.
    static List<String> command(String java, List<String> input, List<String> more, String classPath, String[] args) {
        List<String> command = new ArrayList<>();
        command.add(java);
        command.addAll(input);
        command.add("--add-modules=" + VECTOR);
        command.add("--enable-native-access=ALL-UNNAMED");
        command.add("-D" + DONE + "=true");
        if (input.stream().noneMatch(argument -> argument.matches("-XX:[+]Use\\w+GC"))) {
            command.add("-XX:+UseSerialGC"); // tensors live outside the heap: little to collect, and the fastest start
            if (input.stream().noneMatch(argument -> argument.matches("-Xm.*|-XX:.*(Heap|New|RAM).*"))) {
                command.add("-Xmn32m"); // so there is little garbage, and this touches less memory
            }
        }
        command.addAll(more);
        command.add("-cp");
        command.add(classPath);
        command.add(Main.class.getName());
        command.addAll(List.of(args));
        return command;
    }

    /// Replaces this process; returns if that fails. The shell in between moves the error stream and changes the
    /// environment: one call of a C function instead of ten, each of which would take Java ten milliseconds to
    /// prepare. The launcher script does the same.
    private static void replace(String java, List<String> input, String[] args) {
        StringBuilder script = new StringBuilder("unset");
        VARIABLES.forEach(variable -> script.append(' ').append(variable));
        List<String> command = command(java, input, List.of("-D" + MOVED + "=true"),
                System.getProperty("java.class.path"), args);
        List<byte[]> bytes = new ArrayList<>(command.stream().map(String::getBytes).toList());
        List<byte[]> given = givenBytes(args.length);
        if (System.getProperty("sun.jnu.encoding").equals(ASCII) && given.size() == args.length) {
            // In the C locale Java has lost every other letter: hand on the original, and a better locale.
            bytes.subList(bytes.size() - args.length, bytes.size()).clear();
            bytes.addAll(given);
            script.append("; export LC_ALL=C.UTF-8");
        }
        script.append("; exec \"$@\" " + STDERR + ">&2 2>/dev/null");
        bytes.addAll(0, Stream.of("sh", "-c", script.toString(), "cathode").map(String::getBytes).toList());
        Posix.execv("/bin/sh", bytes);
    }

    /// In the second virtual machine: takes the real error stream back.
    static void arrive() {
        if (Boolean.getBoolean(MOVED)) {
            Posix.dup2(STDERR, Posix.STDERR);
        }
    }

    /// The last `count` arguments of this process as the system has them; none where it does not tell.
    private static List<byte[]> givenBytes(int count) {
        List<byte[]> arguments = new ArrayList<>();
        try {
            byte[] line = Files.readAllBytes(Path.of("/proc/self/cmdline")); // each ends with a zero
            int start = 0;
            for (int i = 0; i < line.length; i++) {
                if (line[i] == 0) {
                    arguments.add(Arrays.copyOfRange(line, start, i));
                    start = i + 1;
                }
            }
        } catch (IOException e) {
            return List.of();
        }
        return arguments.size() < count ? List.of() : arguments.subList(arguments.size() - count, arguments.size());
    }

    private static int child(List<String> command) {
        try {
            ProcessBuilder builder = new ProcessBuilder(command).inheritIO();
            VARIABLES.forEach(builder.environment()::remove);
            Process process = builder.start();
            Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().unstarted(() -> stop(process)));
            return process.waitFor();
        } catch (IOException e) {
            System.err.println("cathode: cannot start " + command.getFirst() + ": " + e.getMessage());
            return CathodeCommand.FAILURE;
        } catch (InterruptedException e) {
            return CathodeCommand.INTERRUPTED;
        }
    }

    /// This process was told to end: so is the child, and it may finish what it does then.
    private static void stop(Process process) {
        process.destroy();
        try {
            process.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
