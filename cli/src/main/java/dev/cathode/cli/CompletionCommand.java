package dev.cathode.cli;

import picocli.AutoComplete;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/// Prints a script that completes commands and options in bash and zsh.
@Command(name = "completion", description = "Print a completion script for bash and zsh.",
        footer = {"", "To use it in this shell: source <(cathode completion)"})
final class CompletionCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        spec.commandLine().getOut().print(AutoComplete.bash("cathode", spec.root().commandLine()));
        spec.commandLine().getOut().flush();
    }
}
