package dev.cathode.cli;

import java.io.PrintWriter;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/// The frame that all commands hang in.
@Command(name = "cathode",
        description = "A diffusion engine in Java: pictures from text with Stable Diffusion, on this machine.",
        mixinStandardHelpOptions = true, versionProvider = Version.class,
        scope = ScopeType.INHERIT,
        synopsisSubcommandLabel = "COMMAND",
        commandListHeading = "%nCommands:%n", optionListHeading = "%nOptions:%n",
        parameterListHeading = "%nParameters:%n", exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            " 0:done",
            " 1:failed: the message says what and why",
            " 2:the command line is wrong",
            " 130:interrupted by Ctrl-C (143: ended by SIGTERM)"},
        subcommands = {SampleCommand.class, InspectCommand.class, ConvertCommand.class, DataCommand.class,
            PhantomCommand.class, TrainCommand.class, TrainTokenizerCommand.class, TrainClassifierCommand.class,
            ExperimentCommand.class, BenchCommand.class, DoctorCommand.class, CompletionCommand.class})
final class CathodeCommand implements Runnable {
    static final int DONE = 0;
    static final int FAILURE = 1;
    static final int USAGE = 2;
    static final int INTERRUPTED = 130;

    @Spec
    private CommandSpec spec;

    private boolean verbose;

    @Option(names = {"-v", "--verbose"}, scope = ScopeType.INHERIT,
            description = "Log more, and show where errors come from.")
    void setVerbose(boolean verbose) {
        this.verbose = verbose;
        System.setProperty("org.slf4j.simpleLogger.defaultLogLevel", verbose ? "debug" : "warn");
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "which command?");
    }

    /// The whole command line, ready to execute.
    static CommandLine commandLine(PrintWriter out, PrintWriter err) {
        CathodeCommand root = new CathodeCommand();
        CommandLine line = new CommandLine(root);
        line.setOut(out).setErr(err);
        OptionGroups.show(line.getSubcommands().get("sample").getCommandSpec(), SampleOptions.GROUPS);
        line.setCaseInsensitiveEnumValuesAllowed(true);
        line.setUsageHelpAutoWidth(true);
        line.setParameterExceptionHandler((e, args) -> Failures.usage(e));
        line.setExecutionExceptionHandler((e, command, result) -> Failures.failure(e, command, root.verbose));
        return line;
    }
}
