package dev.cathode.engine.train;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// The checkpoints of a run: folders `checkpoint-N` in its output folder, N optimizer steps done. Each is there whole
/// or not at all.
///
/// @param outputDir the output folder; may not exist yet
/// @param limit how many are kept; empty: all
public record CheckpointFolder(Path outputDir, OptionalInt limit) {
    private static final Pattern NAME = Pattern.compile("checkpoint-(0|[1-9]\\d{0,17})");

    /// One of them.
    ///
    /// @param step how many optimizer steps are done
    public record Checkpoint(Path folder, long step) {
        /// What it says about the run.
        ///
        /// @throws IOException if it cannot be read
        public TrainerState state() throws IOException {
            return TrainerState.read(folder);
        }
    }

    public CheckpointFolder {
        if (limit.isPresent() && limit.getAsInt() < 1) {
            throw new IllegalArgumentException("at least one checkpoint must be kept: " + limit.getAsInt());
        }
    }

    /// Deletes what a run that was stopped while it wrote or deleted a checkpoint left behind. To be called when a run
    /// begins; no other may write to the folder at the time.
    public void removeLeftovers() throws IOException {
        AtomicFolder.removeLeftovers(outputDir);
    }

    /// Writes a checkpoint, and then deletes the oldest beyond the limit.
    ///
    /// @param content writes everything but [TrainerState], which comes last
    /// @throws IOException if it cannot be written; the other checkpoints are untouched then
    public Checkpoint write(TrainerState state, AtomicFolder.Content content) throws IOException {
        Path folder = outputDir.resolve("checkpoint-" + state.globalStep());
        AtomicFolder.write(folder, part -> {
            content.write(part);
            state.write(part);
        });
        if (limit.isPresent()) {
            List<Checkpoint> all = all();
            // The one just written stays, even if a run that went further left later ones.
            List<Checkpoint> others = all.stream().filter(c -> c.step != state.globalStep()).toList();
            for (Checkpoint old : others.subList(0, Math.max(0, all.size() - limit.getAsInt()))) {
                AtomicFolder.remove(old.folder);
            }
        }
        return new Checkpoint(folder, state.globalStep());
    }

    /// All checkpoints, those with fewer steps first.
    public List<Checkpoint> all() throws IOException {
        if (!Files.isDirectory(outputDir)) {
            return List.of();
        }
        try (Stream<Path> entries = Files.list(outputDir)) {
            return entries.flatMap(entry -> checkpoint(entry).stream())
                    .sorted(Comparator.comparingLong(Checkpoint::step)).toList();
        }
    }

    /// The checkpoint with the most steps.
    public Optional<Checkpoint> latest() throws IOException {
        List<Checkpoint> all = all();
        return all.isEmpty() ? Optional.empty() : Optional.of(all.getLast());
    }

    /// What `resume_from_checkpoint` means.
    ///
    /// @param from `latest`, the name of a checkpoint here, or the path of one anywhere
    /// @return empty if the latest is asked for and there is none
    /// @throws IOException if there is no such checkpoint
    public Optional<Checkpoint> find(String from) throws IOException {
        if (from.equals("latest")) {
            return latest();
        }
        for (Path folder : List.of(outputDir.resolve(from), Path.of(from))) {
            Optional<Checkpoint> found = checkpoint(folder);
            if (found.isPresent()) {
                return found;
            }
        }
        throw new IOException(from + ": is no checkpoint of training (a folder checkpoint-N with " + TrainerState.FILE
                + "); in " + outputDir + " there " + listed());
    }

    private String listed() throws IOException {
        List<String> names = all().stream().map(c -> c.folder.getFileName().toString()).toList();
        return names.isEmpty() ? "is none" : "are " + String.join(", ", names);
    }

    private static Optional<Checkpoint> checkpoint(Path folder) {
        if (folder.getFileName() == null) {
            return Optional.empty();
        }
        Matcher name = NAME.matcher(folder.getFileName().toString());
        return name.matches() && Files.isRegularFile(folder.resolve(TrainerState.FILE))
                ? Optional.of(new Checkpoint(folder, Long.parseLong(name.group(1)))) : Optional.empty();
    }
}
