package dev.cathode.engine.data;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/// Counts problems and keeps the first few. May be told of them by several threads.
public final class DataProblems implements Consumer<DataProblem> {
    private final int kept;
    private final List<DataProblem> first = new ArrayList<>();
    private long count;

    /// @param kept how many to keep
    public DataProblems(int kept) {
        this.kept = kept;
    }

    @Override
    public synchronized void accept(DataProblem problem) {
        if (count++ < kept) {
            first.add(problem);
        }
    }

    /// How many there were.
    public synchronized long count() {
        return count;
    }

    /// The first few.
    public synchronized List<DataProblem> first() {
        return List.copyOf(first);
    }

    /// Lines for people: how many were left out, and the first few; none if there is no problem.
    public synchronized List<String> lines() {
        if (count == 0) {
            return List.of();
        }
        List<String> lines = new ArrayList<>();
        lines.add(count == 1 ? "1 thing is wrong and left out:" : count + " things are wrong and left out:");
        first.forEach(problem -> lines.add("  " + problem));
        if (count > first.size()) {
            lines.add("  … and " + (count - first.size()) + " more");
        }
        return lines;
    }
}
