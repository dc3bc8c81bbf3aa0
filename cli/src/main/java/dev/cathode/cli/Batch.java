package dev.cathode.cli;

import dev.cathode.engine.diffusion.GeneratedImage;
import dev.cathode.engine.image.ImageFiles;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.function.Consumer;
import tools.jackson.databind.node.ObjectNode;

/// Makes pictures one after the other. Each file appears when its picture is whole, so that an interruption leaves the
/// finished ones and no half one.
final class Batch {
    private final List<Picture> pictures;
    private final int quality;
    private final boolean json;
    private final PrintWriter out;
    private final PrintWriter err;
    private int finished;
    private boolean interrupted;

    /// @param out gets one line for each picture: its file's name, or JSON
    Batch(List<Picture> pictures, int quality, boolean json, PrintWriter out, PrintWriter err) {
        this.pictures = pictures;
        this.quality = quality;
        this.json = json;
        this.out = out;
        this.err = err;
    }

    /// Makes the pictures.
    ///
    /// @param skip whether a picture is finished already, by index
    /// @param collector gets what came out beside the files
    void run(Painter painter, boolean[] skip, Consumer<GeneratedImage> collector, Progress progress)
            throws IOException {
        Thread hook = Thread.ofPlatform().unstarted(this::interrupt);
        Runtime.getRuntime().addShutdownHook(hook);
        int last = pictures.size() - 1;
        while (last >= 0 && skip[last]) {
            last--;
        }
        try {
            for (int i = 0; i < pictures.size(); i++) {
                if (skip[i]) {
                    finish(pictures.get(i), true, 0);
                } else {
                    make(i, i == last, painter, collector, progress);
                }
            }
        } finally {
            Shutdown.forget(hook);
        }
    }

    private void make(int index, boolean last, Painter painter, Consumer<GeneratedImage> collector,
                      Progress progress) throws IOException {
        Picture picture = pictures.get(index);
        long start = System.nanoTime();
        GeneratedImage painted;
        try (Progress.Bar bar = progress.start(label(index), picture.recipe().steps())) {
            painted = painter.paint(picture.recipe(), index, last, bar);
        }
        write(picture, painted);
        collector.accept(painted);
        finish(picture, false, (System.nanoTime() - start) / 1e9);
    }

    private String label(int index) {
        return pictures.size() == 1 ? "sample" : "sample " + (index + 1) + "/" + pictures.size();
    }

    /// Writes the file, unless the process is ending.
    private synchronized void write(Picture picture, GeneratedImage painted) throws IOException {
        if (interrupted) {
            return;
        }
        ImageFiles.write(picture.file(), painted.toRgb(), picture.format(), quality, picture.recipe().texts());
    }

    private synchronized void finish(Picture picture, boolean skipped, double seconds) {
        if (interrupted) {
            return;
        }
        finished++;
        if (json) {
            ObjectNode line = Json.object();
            line.put("file", picture.file().toString()).put("skipped", skipped);
            if (!skipped) {
                line.put("seconds", Math.rint(seconds * 1000) / 1000);
            }
            line.set("recipe", picture.recipe().json());
            out.println(Json.line(line));
        } else {
            out.println(picture.file());
        }
    }

    /// The process is ending: waits for a file that is being written; after that none is begun.
    private synchronized void interrupt() {
        interrupted = true;
        err.println();
        err.println("cathode sample: interrupted after " + finished + " of " + pictures.size() + " pictures");
    }
}
