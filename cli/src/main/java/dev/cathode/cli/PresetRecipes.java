package dev.cathode.cli;

import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;

/// The recipes that come with Cathode, in its jar: the paper's experiments and examples.
///
/// @param texts YAML by name: the file's name without its end, for those in a folder with the folder before it
record PresetRecipes(SortedMap<String, String> texts) {
    private static final String END = ".yaml";

    PresetRecipes {
        texts = Collections.unmodifiableSortedMap(new TreeMap<>(texts));
    }

    /// Reads them.
    static PresetRecipes load() throws IOException {
        // A folder in a jar cannot be asked for by its name, but it stands beside this class.
        URI here;
        try {
            here = PresetRecipes.class.getResource("PresetRecipes.class").toURI();
        } catch (URISyntaxException e) {
            throw new IOException(e);
        }
        if (!here.getScheme().equals("jar")) {
            return read(Path.of(here).resolveSibling("recipes"));
        }
        try (FileSystem jar = FileSystems.newFileSystem(here, Map.of())) {
            return read(jar.provider().getPath(here).resolveSibling("recipes"));
        }
    }

    private static PresetRecipes read(Path folder) throws IOException {
        SortedMap<String, String> texts = new TreeMap<>();
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.filter(f -> f.toString().endsWith(END)).toList()) {
                String name = folder.relativize(file).toString().replace('\\', '/');
                texts.put(name.substring(0, name.length() - END.length()), Files.readString(file));
            }
        }
        return new PresetRecipes(texts);
    }

    /// A line for each: its name and what its first comment says.
    List<String> lines() {
        int width = texts.keySet().stream().mapToInt(String::length).max().orElse(0);
        return texts.entrySet().stream().map(entry -> entry.getKey() + " ".repeat(width + 2 - entry.getKey().length())
                + entry.getValue().lines().findFirst().orElse("").replaceFirst("^#\\s*", "")).toList();
    }
}
