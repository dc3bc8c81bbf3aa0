package dev.cathode.cli;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Help;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.UsageMessageSpec;

/// Shows the options of a command under headings: the names of its mixins. (picocli's own groups forget what was given
/// when an option is repeated.)
final class OptionGroups {
    private OptionGroups() { }

    /// Does so for a command.
    ///
    /// @param headings the mixins that get a heading, in order; all other options follow
    static void show(CommandSpec command, List<String> headings) {
        UsageMessageSpec usage = command.usageMessage();
        usage.optionListHeading("");
        usage.sectionMap().put(UsageMessageSpec.SECTION_KEY_OPTION_LIST, help -> sections(help, headings));
    }

    private static String sections(Help help, List<String> headings) {
        CommandSpec command = help.commandSpec();
        List<OptionSpec> others = new ArrayList<>(command.options());
        StringBuilder text = new StringBuilder();
        for (String heading : headings) {
            List<OptionSpec> options = mixin(command, heading).orElseThrow().options();
            text.append(section(help, heading, options));
            others.removeIf(option -> options.stream().anyMatch(o -> o.longestName().equals(option.longestName())));
        }
        return text.append(section(help, "Other", others)).toString();
    }

    /// The mixin of that name, perhaps within another.
    private static Optional<CommandSpec> mixin(CommandSpec in, String name) {
        if (in.mixins().containsKey(name)) {
            return Optional.of(in.mixins().get(name));
        }
        return in.mixins().values().stream().flatMap(mixin -> mixin(mixin, name).stream()).findFirst();
    }

    private static String section(Help help, String heading, List<OptionSpec> options) {
        Help.Layout layout = help.createDefaultLayout();
        List<OptionSpec> sorted = options.stream().sorted(Comparator.comparingInt(OptionSpec::order)).toList();
        layout.addOptions(sorted, help.createDefaultParamLabelRenderer());
        return System.lineSeparator() + heading + ":" + System.lineSeparator() + layout;
    }
}
