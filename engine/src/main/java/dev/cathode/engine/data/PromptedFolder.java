package dev.cathode.engine.data;

import dev.cathode.engine.image.ImageFiles;
import dev.cathode.engine.image.RgbImage;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// All pictures of a folder, nested as deeply as you like, in the order of their names, with one caption for all: the
/// instances and classes of DreamBooth. Files whose names begin with a dot are not looked at, nor is anything but
/// pictures.
public final class PromptedFolder implements ImageTextDataset {
    private final Path folder;
    private final List<String> ids;
    private final String prompt;

    private PromptedFolder(Path folder, List<String> ids, String prompt) {
        this.folder = folder;
        this.ids = ids;
        this.prompt = prompt;
    }

    /// Looks through a folder. Pictures are not opened; see [Subset#readable].
    ///
    /// @param prompt the caption of all pictures
    /// @throws IOException if there is no such folder or no picture in it
    public static PromptedFolder open(Path folder, String prompt) throws IOException {
        if (!Files.exists(folder)) {
            throw new NoSuchFileException(folder.toString());
        }
        if (!Files.isDirectory(folder)) {
            throw new NotDirectoryException(folder.toString());
        }
        List<String> ids = ImageFolder.files(folder).stream().filter(ImageFolder::isPicture)
                .map(file -> ImageFolder.id(folder, file)).toList();
        if (ids.isEmpty()) {
            throw new IOException(folder + ": there is no picture in this folder");
        }
        return new PromptedFolder(folder, ids, prompt);
    }

    @Override
    public String description() {
        return folder.toString();
    }

    @Override
    public int size() {
        return ids.size();
    }

    /// The picture's path from the folder, with slashes.
    @Override
    public String id(int index) {
        return ids.get(index);
    }

    @Override
    public String caption(int index) {
        return prompt;
    }

    @Override
    public RgbImage image(int index) throws IOException {
        return ImageFiles.read(folder.resolve(ids.get(index)));
    }
}
