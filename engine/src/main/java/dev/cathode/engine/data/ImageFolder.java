package dev.cathode.engine.data;

import dev.cathode.engine.image.ImageFiles;
import dev.cathode.engine.image.RgbImage;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;

/// A folder of pictures with captions, nested as deeply as you like.
///
/// Captions are in tables called `metadata.jsonl` or `metadata.csv`, with a column `file_name` (relative to the table)
/// and one with the caption, as Hugging Face's
/// [imagefolder](https://huggingface.co/docs/datasets/image_dataset#imagefolder) has them; every folder may have such a
/// table for itself and those below it. Where there is no table at all, the caption of `film.png` is in `film.txt`
/// beside it.
///
/// Pictures are in the order of the tables, tables and loose pictures in the order of their names. What cannot be used
/// is told to a listener and left out; files whose names begin with a dot are not looked at.
public final class ImageFolder implements ImageTextDataset {
    /// The column that holds the caption if nothing else is said.
    public static final String CAPTION = "text";

    private static final String FILE_NAME = "file_name";
    private static final Set<String> TABLES = Set.of("metadata.jsonl", "metadata.csv");
    private static final Set<String> PICTURES = Set.of("png", "jpg", "jpeg", "bmp", "gif", "tif", "tiff");

    private final Path folder;
    private final List<Entry> entries;

    /// @param id path from the folder, with slashes
    private record Entry(String id, String caption) { }

    private ImageFolder(Path folder, List<Entry> entries) {
        this.folder = folder;
        this.entries = entries;
    }

    /// Looks through a folder. Pictures are not opened; see [Subset#readable].
    ///
    /// @param captionColumn the column of the tables that holds the caption, usually [#CAPTION]
    /// @param problems told of rows without a picture, pictures without a row and whatever else is left out
    /// @throws IOException if there is no such folder, a table cannot be read or lacks a column, or nothing is left;
    ///         the message names file and line
    public static ImageFolder open(Path folder, String captionColumn, Consumer<DataProblem> problems)
            throws IOException {
        if (!Files.exists(folder)) {
            throw new NoSuchFileException(folder.toString());
        }
        if (!Files.isDirectory(folder)) {
            throw new NotDirectoryException(folder.toString());
        }
        List<Path> files = files(folder);
        List<Path> tables = files.stream().filter(f -> TABLES.contains(f.getFileName().toString())).toList();
        List<Path> pictures = files.stream().filter(ImageFolder::isPicture).toList();
        List<Entry> entries = tables.isEmpty() ? pairs(folder, files, pictures, problems)
                : rows(folder, tables, captionColumn, pictures, problems);
        if (entries.isEmpty()) {
            throw new IOException(folder + ": no picture with a caption; captions are in metadata.jsonl or metadata.csv"
                    + " (columns " + FILE_NAME + " and " + captionColumn + "), or in x.txt beside x.png");
        }
        return new ImageFolder(folder, List.copyOf(entries));
    }

    /// All files below the folder in the order of their paths.
    static List<Path> files(Path folder) throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            return all.filter(file -> !hidden(folder.relativize(file))).filter(Files::isRegularFile).sorted().toList();
        }
    }

    private static boolean hidden(Path path) {
        for (Path part : path) {
            if (part.toString().startsWith(".")) {
                return true;
            }
        }
        return false;
    }

    static boolean isPicture(Path file) {
        String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
        return PICTURES.contains(name.substring(name.lastIndexOf('.') + 1));
    }

    static String id(Path folder, Path file) {
        return folder.relativize(file).toString().replace('\\', '/');
    }

    private static List<Entry> rows(Path folder, List<Path> tables, String captionColumn, List<Path> pictures,
            Consumer<DataProblem> problems) throws IOException {
        List<Entry> entries = new ArrayList<>();
        Map<Path, TableRow> named = new HashMap<>();
        for (Path table : tables) {
            TableFile.read(table, List.of(FILE_NAME, captionColumn), problems, row -> {
                Path picture = picture(row, problems);
                if (picture == null) {
                    return;
                }
                TableRow before = named.putIfAbsent(picture, row);
                if (before == null) {
                    entries.add(new Entry(id(folder, picture), row.get(captionColumn)));
                } else {
                    problems.accept(row.problem(row.get(FILE_NAME) + " has a caption already, in " + before.file()
                            + " line " + before.line()));
                }
            });
        }
        Set<Path> known = new HashSet<>(named.keySet());
        for (Path picture : pictures) {
            if (known.add(picture.normalize())) {
                problems.accept(DataProblem.of(picture, "no table names it, so it has no caption"));
            }
        }
        return entries;
    }

    /// The picture that a row names; null if there is none.
    private static Path picture(TableRow row, Consumer<DataProblem> problems) {
        String name = row.get(FILE_NAME);
        try {
            Path picture = row.file().resolveSibling(name).normalize();
            if (!name.isEmpty() && Files.isRegularFile(picture)) {
                return picture;
            }
            problems.accept(row.problem(name.isEmpty() ? FILE_NAME + " is empty" : "no such file: " + picture));
        } catch (InvalidPathException e) {
            problems.accept(row.problem(FILE_NAME + " cannot name a file: " + e.getMessage()));
        }
        return null;
    }

    private static List<Entry> pairs(Path folder, List<Path> files, List<Path> pictures,
            Consumer<DataProblem> problems) {
        List<Entry> entries = new ArrayList<>();
        Set<Path> texts = new HashSet<>(files.stream().filter(f -> f.toString().endsWith(".txt")).toList());
        Set<Path> used = new HashSet<>();
        for (Path picture : pictures) {
            String name = picture.getFileName().toString();
            Path text = picture.resolveSibling(name.substring(0, name.lastIndexOf('.')) + ".txt");
            if (!texts.contains(text)) {
                problems.accept(DataProblem.of(picture, "no caption: there is no " + text.getFileName()
                        + " beside it, and no metadata.jsonl or metadata.csv in the folder"));
                continue;
            }
            used.add(text);
            try {
                entries.add(new Entry(id(folder, picture), Files.readString(text).strip()));
            } catch (CharacterCodingException e) {
                problems.accept(DataProblem.of(text, "not UTF-8 text"));
            } catch (IOException e) {
                problems.accept(DataProblem.of(text, "cannot be read: " + e));
            }
        }
        files.stream().filter(texts::contains).filter(text -> !used.contains(text))
                .forEach(text -> problems.accept(DataProblem.of(text, "a caption without a picture")));
        return entries;
    }

    @Override
    public String description() {
        return folder.toString();
    }

    @Override
    public int size() {
        return entries.size();
    }

    /// The picture's path from the folder, with slashes.
    @Override
    public String id(int index) {
        return entries.get(index).id();
    }

    @Override
    public String caption(int index) {
        return entries.get(index).caption();
    }

    @Override
    public RgbImage image(int index) throws IOException {
        return ImageFiles.read(folder.resolve(entries.get(index).id()));
    }
}
