package dev.cathode.bench.gpu;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/// All figures as text: first the ceilings and what each kernel takes beside its floor, then whole networks beside
/// PyTorch and beside what they must and should take on an H200.
final class Table {
    private static final String COMPILED = "torch compiled";

    /// What a figure must and should be.
    private record Goal(double must, double aim, boolean more) { }

    private static final Map<String, Goal> GOALS = Map.of(
            "U-Net step, batch 2", new Goal(9.1, 4, false),
            "U-Net step, batch 2, host time", new Goal(0.1, 0.1, false),
            "image, 50 steps", new Goal(0.50, 0.22, false),
            "training, batch 32", new Goal(100, 190, true));

    private Table() { }

    /// The lines.
    static List<String> of(List<Figure> figures) {
        List<String> lines = new ArrayList<>();
        lines.add("%-58s %10s %10s %8s".formatted("kernel", "time", "floor", "share"));
        figures.stream().filter(f -> !Double.isNaN(f.floor())).forEach(f -> lines.add(format(
                "%-58s %10.1f %10.1f %6.0f %%", f.name(), f.value(), f.floor(), 100 * f.floor() / f.value())));
        Set<String> others = new LinkedHashSet<>();
        Map<String, Map<String, Figure>> rows = new LinkedHashMap<>();
        for (Figure figure : figures) {
            if (Double.isNaN(figure.floor())) {
                rows.computeIfAbsent(figure.name(), n -> new LinkedHashMap<>()).put(figure.by(), figure);
                if (!figure.by().equals(Figure.OURS)) {
                    others.add(figure.by());
                }
            }
        }
        lines.add("");
        StringBuilder head = new StringBuilder("%-34s %-9s %9s %9s %9s".formatted("figure", "unit", "must", "aim",
                Figure.OURS));
        others.forEach(other -> head.append("%16s".formatted(other)));
        lines.add(head.append("%10s".formatted("compiled")).toString());
        rows.forEach((name, row) -> lines.add(row(name, row, others)));
        return lines;
    }

    private static String row(String name, Map<String, Figure> row, Set<String> others) {
        Figure ours = row.get(Figure.OURS);
        Goal goal = GOALS.get(name);
        StringBuilder line = new StringBuilder("%-34s %-9s %9s %9s".formatted(name,
                row.values().iterator().next().unit(), goal == null ? "" : number(goal.must),
                goal == null ? "" : number(goal.aim)));
        line.append("%9s%s".formatted(ours == null ? "-" : number(ours.value()), ours == null || goal == null
                || (goal.more ? ours.value() >= goal.must : ours.value() <= goal.must) ? " " : "!"));
        for (String other : others) {
            line.append("%16s".formatted(row.containsKey(other) ? number(row.get(other).value()) : "-"));
        }
        Figure compiled = row.get(COMPILED);
        if (ours != null && compiled != null) {
            boolean more = ours.unit().endsWith("/s");
            line.append(format("%9.2f×", more ? ours.value() / compiled.value() : compiled.value() / ours.value()));
        }
        return line.toString().stripTrailing();
    }

    private static String number(double x) {
        return x >= 100 ? format("%.0f", x) : x >= 1 ? format("%.2f", x) : format("%.4f", x);
    }

    private static String format(String pattern, Object... arguments) {
        return String.format(Locale.ROOT, pattern, arguments);
    }
}
