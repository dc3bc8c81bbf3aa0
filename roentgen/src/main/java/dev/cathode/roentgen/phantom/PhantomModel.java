package dev.cathode.roentgen.phantom;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.FileSystemAlreadyExistsException;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.util.Map;

/// The model that comes with Cathode: Stable Diffusion in small, 128×128 pixels, that draws phantoms from impressions.
/// It has seen nothing but phantoms, and is of no use for patients.
public final class PhantomModel {
    /// What it is called where a model may be named.
    public static final String NAME = "phantom";

    private static final String FOLDER = "/dev/cathode/roentgen/models/" + NAME + "/";

    private PhantomModel() { }

    /// Its folder, laid out as those of diffusers. In a jar the folder belongs to a file system that stays open until
    /// the program ends.
    public static Path folder() {
        try {
            URI index = PhantomModel.class.getResource(FOLDER + "model_index.json").toURI();
            if (index.getScheme().equals("jar")) {
                open(index);
            }
            return Path.of(index).getParent();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (URISyntaxException e) {
            throw new AssertionError(e); // Java itself made it
        }
    }

    private static void open(URI inJar) throws IOException {
        try {
            FileSystems.newFileSystem(inJar, Map.of());
        } catch (FileSystemAlreadyExistsException e) {
            // Opened before.
        }
    }
}
