package dev.cathode.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// Chest films to train with.
@Command(name = "data", description = "Look through MIMIC-CXR-JPG, and choose and prepare pictures to train with.",
        synopsisSubcommandLabel = "COMMAND", subcommands = {DataReportCommand.class, DataPrepareCommand.class})
final class DataCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "which command? report or prepare");
    }
}
