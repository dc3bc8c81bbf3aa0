package dev.cathode.cli;

import dev.cathode.engine.data.DataProblem;
import dev.cathode.roentgen.classify.ClassifierListener;
import dev.cathode.roentgen.classify.EpochResult;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;
import java.util.function.Consumer;

/// Shows people how the training of a classifier gets on.
final class ClassifierProgress implements ClassifierListener, AutoCloseable {
    private final Progress progress;
    private final Consumer<DataProblem> problems;
    private Progress.Bar bar;
    private int shown;

    /// @param problems told of pictures that cannot be read
    ClassifierProgress(PrintWriter err, Consumer<DataProblem> problems) {
        progress = Progress.onTerminal(err);
        this.problems = problems;
    }

    void note(String line) {
        close();
        progress.note(line);
    }

    @Override
    public synchronized void prepared(int done, int of) {
        if (bar == null) {
            bar = progress.start("pictures", of);
        }
        if (done > shown) { // threads may report out of order
            shown = done;
            bar.step(done, of);
        }
    }

    @Override
    public void unreadable(String id, IOException why) {
        problems.accept(DataProblem.of(Path.of(id), why.getMessage()));
    }

    @Override
    public void resumed(int epoch) {
        note("goes on after epoch " + epoch);
    }

    @Override
    public void step(int epoch, int step, int steps, double loss) {
        if (step == 1) {
            close();
            bar = progress.start("epoch " + epoch, steps);
        }
        bar.step(step, steps);
    }

    @Override
    public void epoch(EpochResult result, boolean best) {
        note(String.format(Locale.ROOT, "epoch %d: loss %.4f, validation AUROC %.4f, accuracy %.4f%s", result.epoch(),
                result.trainingLoss(), result.auroc(), result.accuracy(), best ? ", the best so far" : ""));
    }

    @Override
    public synchronized void close() {
        if (bar != null) {
            bar.close();
            bar = null;
        }
    }
}
