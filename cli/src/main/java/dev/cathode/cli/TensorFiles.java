package dev.cathode.cli;

import dev.cathode.engine.diffusion.GeneratedImage;
import dev.cathode.weights.Checkpoint;
import dev.cathode.weights.Checkpoints;
import dev.cathode.weights.DType;
import dev.cathode.weights.FileTensor;
import dev.cathode.weights.SafetensorsWriter;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/// Latents and pictures as tensors in safetensors files.
final class TensorFiles {
    private static final String LATENTS = "latents";
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private TensorFiles() { }

    /// Reads initial latents: the tensor `latents`, float32 `[N, C, h, w]`.
    ///
    /// @return the `[C, h, w]` of each picture
    /// @throws IOException if the tensor has another type or shape
    /// @throws dev.cathode.weights.CheckpointException if the file cannot be read or has no such tensor
    static List<float[]> latents(Path file) throws IOException {
        try (Checkpoint checkpoint = Checkpoints.open(file)) {
            FileTensor tensor = checkpoint.tensor(LATENTS);
            if (tensor.dtype() != DType.F32 || tensor.shape().size() != 4 || tensor.count() == 0) {
                throw new IOException(file + ": the tensor '" + LATENTS + "' must be float32 [N, C, height, width],"
                        + " not " + tensor.dtype() + " " + tensor.shape());
            }
            int count = Math.toIntExact(tensor.shape().getFirst());
            int each = Math.toIntExact(tensor.count() / count);
            List<float[]> latents = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                float[] numbers = new float[each];
                MemorySegment.copy(tensor.data(), FLOAT, (long) i * each * Float.BYTES, numbers, 0, each);
                latents.add(numbers);
            }
            return latents;
        }
    }

    /// Writes what came out for pictures of one size: `initial_latents` and `final_latents` `[N, C, h, w]`, `image`
    /// `[N, 3, height, width]` from 0 to 1, before rounding to 8 bits; all float32.
    ///
    /// @throws dev.cathode.weights.CheckpointException if the file cannot be written
    static void dump(Path file, List<GeneratedImage> images) {
        GeneratedImage first = images.getFirst();
        List<Long> latentShape = Arrays.stream(first.latentShape()).skip(1).asLongStream().boxed().toList();
        List<Long> imageShape = List.of(3L, (long) first.height(), (long) first.width());
        SafetensorsWriter.write(file, List.of(
                entry("initial_latents", latentShape, images, GeneratedImage::initialLatents),
                entry("final_latents", latentShape, images, GeneratedImage::finalLatents),
                entry("image", imageShape, images, GeneratedImage::planes)), Map.of());
    }

    private static SafetensorsWriter.Entry entry(String name, List<Long> shape, List<GeneratedImage> images,
                                                 Function<GeneratedImage, float[]> numbers) {
        List<Long> all = new ArrayList<>(shape);
        all.addFirst((long) images.size());
        return new SafetensorsWriter.Entry(name, DType.F32, all, () -> {
            int each = numbers.apply(images.getFirst()).length;
            MemorySegment data = Arena.ofAuto().allocate((long) images.size() * each * Float.BYTES, Float.BYTES);
            for (int i = 0; i < images.size(); i++) {
                MemorySegment.copy(numbers.apply(images.get(i)), 0, data, FLOAT, (long) i * each * Float.BYTES, each);
            }
            return data;
        });
    }
}
