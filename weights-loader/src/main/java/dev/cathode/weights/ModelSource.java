package dev.cathode.weights;

import dev.cathode.weights.file.Quote;
import dev.cathode.weights.file.SimilarNames;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;

/// A model as components (`unet`, `vae`, `text_encoder`, `tokenizer`, `scheduler`), whatever it is stored as: a
/// diffusers folder, a folder or file of one component, or an original single file. Parameter names are those of
/// diffusers and transformers.
public sealed interface ModelSource extends AutoCloseable permits ModelFolder, SingleFile {
    /// Opens a folder or file.
    ///
    /// @throws CheckpointException if it is none of these
    static ModelSource open(Path path) {
        return open(path, ModelOptions.DEFAULT);
    }

    /// Opens a folder or file.
    ///
    /// @throws CheckpointException if it is none of these
    static ModelSource open(Path path, ModelOptions options) {
        return Files.isDirectory(path) ? ModelFolder.open(path, options) : SingleFile.open(path, options);
    }

    /// Where the model comes from, for messages.
    String source();

    /// The components by name; their weights are not opened yet.
    Map<String, ModelComponent> components();

    /// Names of the components.
    default Set<String> names() {
        return components().keySet();
    }

    /// Whether there is a component of this name.
    default boolean has(String name) {
        return components().containsKey(name);
    }

    /// One component.
    ///
    /// @throws CheckpointException if there is none of this name; the message lists those there are
    default ModelComponent component(String name) {
        ModelComponent component = components().get(name);
        if (component == null) {
            throw new CheckpointException(source() + ": has no component " + Quote.of(name)
                    + (components().isEmpty() ? "" : SimilarNames.hint(name, names())));
        }
        return component;
    }

    /// Closes all weights that were opened.
    @Override
    void close();
}
