package dev.cathode.cli;

import dev.cathode.engine.image.ImageFiles;
import dev.cathode.engine.image.ImageFormat;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/// Where pictures go, and whether they can go there: asked before hours of work, not after.
final class Destinations {
    private Destinations() { }

    /// Whether `--out` names a picture rather than a folder.
    static boolean isFile(Path out) {
        String name = out.toString().toLowerCase(Locale.ROOT);
        return !Files.isDirectory(out) && (name.endsWith(".png") || name.endsWith(".jpg") || name.endsWith(".jpeg"));
    }

    /// The file for picture `number` (from 1) of `count`, if `file` is the name for one: `a.png` becomes `a-2.png`.
    static Path numbered(Path file, int number, int count) {
        if (count == 1) {
            return file;
        }
        String name = file.getFileName().toString();
        int dot = name.lastIndexOf('.');
        return file.resolveSibling(name.substring(0, dot) + "-" + number + name.substring(dot));
    }

    /// The format of a file: the one asked for, else what its name says.
    ///
    /// @param asked null if none was asked for
    /// @throws IllegalArgumentException if the two differ, or the name says nothing
    static ImageFormat format(Path file, ImageFormat asked) {
        ImageFormat format = ImageFormat.ofName(file.toString());
        if (asked != null && asked != format) {
            throw new IllegalArgumentException(file + ": the name does not fit --format "
                    + asked.name().toLowerCase(Locale.ROOT));
        }
        return format;
    }

    /// Makes the folders of the files and sees that each file can be written, and none twice.
    ///
    /// @throws IOException if not; the message names the file
    static void prepare(List<Path> files) throws IOException {
        Set<Path> folders = new HashSet<>();
        Set<Path> all = new HashSet<>();
        for (Path file : files) {
            Path whole = file.toAbsolutePath().normalize();
            if (!all.add(whole)) {
                throw new IOException(file + ": two pictures would go into this file");
            }
            if (Files.isDirectory(whole)) {
                throw new IOException(file + ": is a folder, not a file");
            }
            if (folders.add(whole.getParent())) {
                tryOut(whole.getParent());
            }
        }
    }

    private static void tryOut(Path folder) throws IOException {
        try {
            Files.createDirectories(folder);
            Files.delete(Files.createTempFile(folder, ".cathode", ".part"));
        } catch (IOException e) {
            throw new IOException(folder + ": cannot write here: " + Failures.message(e), e);
        }
    }

    /// Whether the picture is finished: its file is there and was made by the same recipe.
    ///
    /// @throws IOException if the file is there but was made otherwise; the message says what differs
    static boolean isFinished(Picture picture) throws IOException {
        if (!Files.exists(picture.file())) {
            return false;
        }
        String text;
        try {
            text = ImageFiles.texts(picture.file()).get(Recipe.FOR_US);
        } catch (IOException e) {
            throw new IOException(picture.file() + ": is there already, and broken; --overwrite makes it anew", e);
        }
        List<String> differences = picture.recipe().differences(text, picture.anySeed());
        if (!differences.isEmpty()) {
            throw new IOException(picture.file() + ": is there already, made otherwise ("
                    + String.join("; ", differences) + "); choose another --out, or --overwrite");
        }
        return true;
    }
}
