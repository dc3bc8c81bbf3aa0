package dev.cathode.roentgen.phantom.files;

import dev.cathode.roentgen.phantom.View;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// The file that says how a folder of phantoms was made, so that only the same phantoms are added to it.
final class Origin {
    private static final String NAME = "phantoms.txt";
    /// Changes whenever the same seed gives other films or words.
    private static final int DRAWING = 1;
    private static final String COUNT = "count";

    private Origin() { }

    /// Claims a folder for these phantoms.
    ///
    /// @throws IOException if it holds something else
    static void claim(Path folder, PhantomOptions options) throws IOException {
        Files.createDirectories(folder);
        Path file = folder.resolve(NAME);
        Map<String, String> wanted = settings(options);
        if (Files.exists(file)) {
            compare(folder, read(file), wanted);
        } else {
            refuseOthers(folder);
        }
        String text = "Drawn by Cathode: nobody's chest.\n" + wanted.entrySet().stream()
                .map(entry -> entry.getKey() + " = " + entry.getValue() + "\n").collect(Collectors.joining());
        WholeFiles.write(file, text.getBytes(StandardCharsets.UTF_8));
    }

    private static Map<String, String> settings(PhantomOptions options) {
        Map<String, String> settings = new TreeMap<>();
        settings.put("drawing", Integer.toString(DRAWING));
        settings.put("seed", Long.toString(options.seed()));
        settings.put("size", Integer.toString(options.size()));
        settings.put("views", options.views().stream().map(View::name).collect(Collectors.joining(",")));
        settings.put(COUNT, Integer.toString(options.count()));
        return settings;
    }

    private static Map<String, String> read(Path file) throws IOException {
        Map<String, String> settings = new TreeMap<>();
        for (String line : Files.readAllLines(file)) {
            String[] parts = line.split(" = ", 2);
            if (parts.length == 2) {
                settings.put(parts[0], parts[1]);
            }
        }
        return settings;
    }

    private static void compare(Path folder, Map<String, String> there, Map<String, String> wanted)
            throws IOException {
        for (Map.Entry<String, String> entry : wanted.entrySet()) {
            String found = there.getOrDefault(entry.getKey(), "unknown");
            if (!entry.getKey().equals(COUNT) && !found.equals(entry.getValue())) {
                throw new IOException("%s: holds other phantoms (%s %s, not %s); choose another folder"
                        .formatted(folder, entry.getKey(), found, entry.getValue()));
            }
        }
        String count = there.getOrDefault(COUNT, "0");
        if (count.matches("\\d{1,9}") && Integer.parseInt(count) > Integer.parseInt(wanted.get(COUNT))) {
            throw new IOException("%s: holds %s phantoms, more than %s; choose another folder"
                    .formatted(folder, count, wanted.get(COUNT)));
        }
    }

    private static void refuseOthers(Path folder) throws IOException {
        try (Stream<Path> entries = Files.list(folder)) {
            List<Path> other = entries.filter(path -> !path.getFileName().toString().equals("." + NAME + ".part"))
                    .limit(1).toList();
            if (!other.isEmpty()) {
                throw new IOException("%s: holds something else (%s); phantoms go into a new or empty folder"
                        .formatted(folder, other.getFirst().getFileName()));
            }
        }
    }
}
