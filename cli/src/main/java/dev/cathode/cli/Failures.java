package dev.cathode.cli;

import dev.cathode.engine.runtime.InsufficientMemoryException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

/// What people see of errors: one line that begins with the command.
final class Failures {
    private Failures() { }

    /// A wrong command line.
    static int usage(ParameterException e) {
        CommandLine command = e.getCommandLine();
        String name = command.getCommandSpec().qualifiedName();
        command.getErr().println(name + ": " + oneLine(e.getMessage()) + " (" + name + " --help explains)");
        return CathodeCommand.USAGE;
    }

    /// A command that could not do its work.
    static int failure(Exception e, CommandLine command, boolean verbose) {
        command.getErr().println(command.getCommandSpec().qualifiedName() + ": " + message(e));
        if (verbose) {
            e.printStackTrace(command.getErr());
        }
        return CathodeCommand.FAILURE;
    }

    /// One line that says what went wrong, also for Java's exceptions that only name a file.
    static String message(Throwable e) {
        String message = switch (e) {
            case NoSuchFileException f -> f.getFile() + ": no such file or folder";
            case AccessDeniedException f -> f.getFile() + ": no permission";
            case NotDirectoryException f -> f.getFile() + ": not a folder";
            case FileAlreadyExistsException f -> f.getFile() + ": is there already";
            case FileSystemException f -> f.getFile() + ": " + f.getReason();
            case IOException f when f.getMessage() != null -> f.getMessage();
            case IllegalArgumentException f when f.getMessage() != null -> f.getMessage();
            case InsufficientMemoryException f -> f.getMessage()
                    + ": try --memory low, --dtype bfloat16 or a smaller --size";
            case RuntimeException f when f.getCause() instanceof IOException cause -> message(cause);
            case Throwable f when f.getMessage() != null && expected(f) -> f.getMessage();
            default -> "unexpected: " + e + " (-v shows where)";
        };
        return oneLine(message);
    }

    /// Whether the exception is one of our own, whose message is meant to be read.
    private static boolean expected(Throwable e) {
        return e.getClass().getName().startsWith("dev.cathode.");
    }

    private static String oneLine(String message) {
        return message.strip().replaceAll("\\s*\\R\\s*", " ");
    }
}
