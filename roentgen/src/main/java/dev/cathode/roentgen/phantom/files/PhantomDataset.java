package dev.cathode.roentgen.phantom.files;

import dev.cathode.roentgen.phantom.Phantom;
import dev.cathode.roentgen.phantom.Radiograph;
import dev.cathode.roentgen.phantom.draw.PhantomRenderer;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;

/// Writes phantoms as a folder laid out like MIMIC-CXR-JPG 2.0.0: films, report texts, and the four tables. What is
/// there already is kept, so a run that broke off can be repeated, and a finished folder can be made larger.
public final class PhantomDataset {
    private static final int JPEG_QUALITY = 95;

    private PhantomDataset() { }

    /// Hears how far the work is.
    @FunctionalInterface
    public interface Listener {
        /// So many of all studies are there; called by one thread at a time.
        void studies(int done, int all);
    }

    /// What was done.
    ///
    /// @param films in the folder
    /// @param written those of them that were not there before
    public record Summary(int studies, int films, int written) { }

    /// Writes the folder.
    ///
    /// @throws IOException if it holds anything else, or cannot be written
    public static Summary write(Path folder, PhantomOptions options, Listener listener) throws IOException {
        Origin.claim(folder, options);
        Layout layout = new Layout(folder);
        List<Phantom> phantoms = IntStream.range(0, options.count()).parallel()
                .mapToObj(i -> Phantom.of(options.seed(), i, options.views())).toList();
        Count count = new Count(listener, phantoms.size());
        try (ExecutorService pool = Executors.newFixedThreadPool(options.threads())) {
            List<Future<?>> tasks = new ArrayList<>();
            for (Phantom phantom : phantoms) {
                tasks.add(pool.submit(() -> {
                    count.add(study(layout, phantom, options.size()));
                    return null;
                }));
            }
            try {
                for (Future<?> task : tasks) {
                    task.get();
                }
            } catch (ExecutionException | InterruptedException e) {
                pool.shutdownNow();
                throw failure(e);
            }
        }
        Tables.write(layout, phantoms, options.size());
        int films = phantoms.stream().mapToInt(phantom -> phantom.radiographs().size()).sum();
        return new Summary(phantoms.size(), films, count.written);
    }

    /// Writes what a study lacks.
    ///
    /// @return how many films that were
    private static int study(Layout layout, Phantom phantom, int size) throws IOException {
        int written = 0;
        for (Radiograph radiograph : phantom.radiographs()) {
            Path file = layout.film(phantom, radiograph);
            if (!Files.exists(file)) {
                WholeFiles.write(file, PhantomRenderer.render(phantom, radiograph, size).toJpeg(JPEG_QUALITY));
                written++;
            }
        }
        Path report = layout.report(phantom);
        if (!Files.exists(report)) {
            WholeFiles.write(report, phantom.report().getBytes(StandardCharsets.UTF_8));
        }
        return written;
    }

    private static IOException failure(Exception e) {
        return switch (e.getCause()) {
            case IOException cause -> cause;
            case UncheckedIOException cause -> cause.getCause();
            case null -> new InterruptedIOException("interrupted");
            default -> throw new IllegalStateException(e.getCause());
        };
    }

    /// Counts what several threads do.
    private static final class Count {
        private final Listener listener;
        private final int all;
        private int done;
        private int written;

        private Count(Listener listener, int all) {
            this.listener = listener;
            this.all = all;
        }

        private synchronized void add(int films) {
            written += films;
            listener.studies(++done, all);
        }
    }
}
