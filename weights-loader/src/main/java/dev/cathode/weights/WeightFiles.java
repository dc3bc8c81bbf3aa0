package dev.cathode.weights;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// Finds the weight file in a component's folder by the names diffusers and transformers give it.
final class WeightFiles {
    private static final List<String> SAFETENSORS = List.of("diffusion_pytorch_model", "model", "pytorch_model");
    private static final List<String> TORCH = List.of("diffusion_pytorch_model", "pytorch_model", "model");

    private WeightFiles() {
    }

    /// The weight file, or the index of several. Safetensors come first: they are faster and cannot do harm.
    ///
    /// @throws CheckpointException if there is none; the message lists the files there are
    static Path find(Path folder, Optional<String> variant) {
        List<Path> candidates = new ArrayList<>();
        SAFETENSORS.forEach(stem -> add(candidates, folder, stem, "safetensors", variant));
        TORCH.forEach(stem -> add(candidates, folder, stem, "bin", variant));
        return candidates.stream().filter(Files::exists).findFirst().orElseThrow(() -> missing(folder, variant));
    }

    private static void add(List<Path> candidates, Path folder, String stem, String ending, Optional<String> variant) {
        if (variant.isPresent()) {
            String name = variant.get();
            candidates.add(folder.resolve(stem + "." + name + "." + ending));
            candidates.add(folder.resolve(stem + "." + ending + ".index." + name + ".json"));
            candidates.add(folder.resolve(stem + "." + name + "." + ending + ".index.json"));
        } else {
            candidates.add(folder.resolve(stem + "." + ending));
            candidates.add(folder.resolve(stem + "." + ending + ".index.json"));
        }
    }

    private static CheckpointException missing(Path folder, Optional<String> variant) {
        String wanted = variant.map(name -> "weights of variant '" + name + "', such as diffusion_pytorch_model." + name
                + ".safetensors").orElse("weights, such as diffusion_pytorch_model.safetensors");
        if (!Files.isDirectory(folder)) {
            return new CheckpointException(folder + ": no such folder; expected " + wanted + " in it");
        }
        try (Stream<Path> files = Files.list(folder)) {
            String there = files.map(file -> file.getFileName().toString())
                    .filter(name -> name.matches(".+\\.(safetensors|bin|pt|pth|ckpt|msgpack|h5|onnx)")).sorted()
                    .limit(10).collect(Collectors.joining(", "));
            return new CheckpointException(folder + ": has no " + wanted + (there.isEmpty()
                    ? "; is the download complete?"
                    : "; there are " + there + ": choose another variant, or name the file itself"));
        } catch (IOException e) {
            return new CheckpointException(folder + ": cannot be read: " + e, e);
        }
    }
}
