package dev.cathode.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// Experiments that say how good a model is.
@Command(name = "experiment", description = "Measure how good a model is.", synopsisSubcommandLabel = "EXPERIMENT",
        subcommands = PhantomAurocCommand.class)
final class ExperimentCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "which experiment? phantom-auroc");
    }
}
