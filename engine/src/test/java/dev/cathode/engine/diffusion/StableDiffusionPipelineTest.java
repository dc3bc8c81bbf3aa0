package dev.cathode.engine.diffusion;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.engine.diffusion.ImageRequest.Source;
import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.UpdateOp.SamplerStep;
import dev.cathode.engine.image.RgbImage;
import dev.cathode.engine.runtime.CompileOptions;
import dev.cathode.engine.runtime.Device;
import dev.cathode.engine.runtime.DeviceWeights;
import dev.cathode.engine.runtime.Executable;
import dev.cathode.engine.runtime.Variables;
import dev.cathode.engine.runtime.cuda.CudaDevice;
import dev.cathode.engine.runtime.cuda.CudaOptions;
import dev.cathode.kernels.cpu.ConvolutionAlgorithm;
import dev.cathode.kernels.cuda.Machines;
import dev.cathode.kernels.cuda.ShimMachine;
import dev.cathode.weights.Checkpoint;
import dev.cathode.weights.CheckpointException;
import dev.cathode.weights.DType;
import dev.cathode.weights.Goldens;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CancellationException;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// The whole way from prompt to pixels against diffusers' pipelines, from the seeds alone.
class StableDiffusionPipelineTest {
    private static final Goldens.Topic GOLDEN = Goldens.topic("pipeline");
    private static final JsonNode CASES = JsonMapper.shared().readTree(GOLDEN.folder().resolve("cases.json")).get("cases");
    private static final PipelineOptions DIRECT = PipelineOptions.defaults().withThreads(2)
            .withConvolutions(ConvolutionAlgorithm.DIRECT);

    @TempDir
    private static Path temporary;

    @TestFactory
    Stream<DynamicTest> everyCaseByDirectConvolutions() {
        return CASES.valueStream().map(test -> DynamicTest.dynamicTest(test.get("name").asString(),
                () -> compare(test, DIRECT, 1)));
    }

    @TestFactory
    Stream<DynamicTest> everyCaseAsPlanned() {
        return CASES.valueStream().map(test -> DynamicTest.dynamicTest(test.get("name").asString(),
                () -> compare(test, DIRECT.withConvolutions(ConvolutionAlgorithm.AUTO), 10)));
    }

    /// As on a device with a memory of its own: the sampler's step is part of the graph.
    @TestFactory
    Stream<DynamicTest> everyCaseWithResidentSamples() {
        return CASES.valueStream().map(test -> DynamicTest.dynamicTest(test.get("name").asString(), () -> {
            var device = new RemoteDevice(ModelParts.cpu(DIRECT), new ArrayList<>());
            compare(test, StableDiffusionPipeline.load(model(test), DIRECT, device), 1);
            boolean inpaints = GOLDEN.has(test.get("name").asString() + ".safetensors", "mask");
            assertEquals(!inpaints, device.compiled().stream().flatMap(graph -> graph.effects().stream())
                    .anyMatch(effect -> effect.op() instanceof SamplerStep));
        }));
    }

    /// From the seeds to the pixels by the CUDA kernels, in float32: of each kind the case with the fewest steps.
    @TestFactory
    Stream<DynamicTest> aCaseOfEachKindOnTheCudaDevice() {
        Optional<String> reason = Machines.missing(ShimMachine.Options.QUICK);
        Assumptions.assumeTrue(reason.isEmpty(), reason.orElse(""));
        Map<String, JsonNode> smallest = new TreeMap<>();
        CASES.valueStream().forEach(test -> smallest.merge(test.path("kind").asString(""), test,
                (a, b) -> steps(b) < steps(a) ? b : a));
        return smallest.values().stream().map(test -> DynamicTest.dynamicTest(test.get("name").asString(), () -> {
            Device device = new CudaDevice(Machines.open(ShimMachine.Options.QUICK),
                    CudaOptions.defaults().withDtype(DType.F32));
            compare(test, StableDiffusionPipeline.load(model(test), DIRECT, device), 1);
        }));
    }

    private static double steps(JsonNode test) {
        return test.get("steps").asInt() * test.path("strength").asDouble(1) * Math.max(1, test.path("prompts").size());
    }

    private static void compare(JsonNode test, PipelineOptions options, double factor) {
        compare(test, StableDiffusionPipeline.load(model(test), options), factor);
    }

    private static void compare(JsonNode test, StableDiffusionPipeline pipeline, double factor) {
        try (pipeline) {
            String file = test.get("name").asString() + ".safetensors";
            List<GeneratedImage> images = new ArrayList<>();
            for (ImageRequest request : requests(test, file)) {
                images.addAll(generate(pipeline, request));
            }
            if (GOLDEN.has(file, "latents")) {
                Goldens.assertClose(file + " latents", joined(images.stream().map(GeneratedImage::initialLatents)),
                        GOLDEN.floats(file, "latents"), 1e-5);
            }
            check(file, images, factor);
        }
    }

    private static void check(String file, List<GeneratedImage> images, double factor) {
        GOLDEN.assertMatches(file, "final_latents", joined(images.stream().map(GeneratedImage::finalLatents)), factor);
        if (GOLDEN.has(file, "decoded")) {
            float[] expected = GOLDEN.floats(file, "decoded");
            for (int i = 0; i < expected.length; i++) {
                expected[i] = Math.clamp(expected[i] / 2 + 0.5f, 0f, 1f);
            }
            Goldens.assertClose(file + " image", joined(images.stream().map(GeneratedImage::planes)), expected,
                    factor * GOLDEN.tol(file, "decoded"));
        }
        if (GOLDEN.has(file, "pixels")) {
            float[] pixels = joined(images.stream().map(image -> floats(image.toRgb())));
            GOLDEN.assertMatches(file, "pixels", pixels, factor);
        }
    }

    private static float[] floats(RgbImage image) {
        float[] values = new float[image.pixels().length];
        for (int i = 0; i < values.length; i++) {
            values[i] = image.pixels()[i] & 0xff;
        }
        return values;
    }

    private static float[] joined(Stream<float[]> parts) {
        List<float[]> list = parts.toList();
        float[] all = new float[list.stream().mapToInt(part -> part.length).sum()];
        int at = 0;
        for (float[] part : list) {
            System.arraycopy(part, 0, all, at, part.length);
            at += part.length;
        }
        return all;
    }

    private static List<ImageRequest> requests(JsonNode test, String file) {
        List<ImageRequest> requests = new ArrayList<>();
        if (test.has("prompts")) {
            for (int i = 0; i < test.get("prompts").size(); i++) {
                requests.add(request(test, test.get("prompts").get(i).asString(), test.get("seeds").get(i).asLong()).build());
            }
            return requests;
        }
        float[] image = GOLDEN.floats(file, "image");
        double strength = test.get("strength").asDouble();
        Source source = GOLDEN.has(file, "mask") ? new Source.Inpaint(image, GOLDEN.floats(file, "mask"), strength)
                : new Source.Image(image, strength);
        requests.add(request(test, test.get("prompt").asString(), test.get("seed").asLong()).source(source).build());
        return requests;
    }

    private static ImageRequest.Builder request(JsonNode test, String prompt, long seed) {
        return ImageRequest.builder(prompt).negativePrompt(test.get("negative").asString())
                .steps(test.get("steps").asInt()).guidanceScale(test.get("guidance").asDouble()).seed(seed)
                .size(test.get("width").asInt(), test.get("height").asInt());
    }

    private static List<GeneratedImage> generate(StableDiffusionPipeline pipeline, ImageRequest request) {
        List<GeneratedImage> images = new ArrayList<>();
        pipeline.generate(request, new GenerationListener() {
            @Override
            public void onImage(GeneratedImage image) {
                images.add(image);
            }
        });
        return images;
    }

    /// The golden model's folder; for a case with a scheduler of its own, the same with that configuration.
    private static Path model(JsonNode test) {
        Path model = GOLDEN.folder().resolve("model");
        if (!test.has("scheduler")) {
            return model;
        }
        try {
            Path changed = Files.createTempDirectory(temporary, "model");
            try (Stream<Path> entries = Files.list(model)) {
                for (Path entry : entries.toList()) {
                    if (!entry.getFileName().toString().equals("scheduler")) {
                        Files.createSymbolicLink(changed.resolve(entry.getFileName()), entry.toAbsolutePath());
                    }
                }
            }
            Path file = Path.of("scheduler", "scheduler_config.json");
            JsonNode scheduler = test.get("scheduler");
            ObjectNode config = (ObjectNode) JsonMapper.shared().readTree(model.resolve(file));
            config.put("_class_name", scheduler.get("class").asString());
            scheduler.get("config").propertyStream().forEach(entry -> config.set(entry.getKey(), entry.getValue()));
            Files.createDirectory(changed.resolve("scheduler"));
            Files.writeString(changed.resolve(file), config.toString());
            ObjectNode index = (ObjectNode) JsonMapper.shared().readTree(changed.resolve("model_index.json"));
            index.putArray("scheduler").add("diffusers").add(scheduler.get("class").asString());
            Files.delete(changed.resolve("model_index.json"));
            Files.writeString(changed.resolve("model_index.json"), index.toString());
            return changed;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static StableDiffusionPipeline golden() {
        return StableDiffusionPipeline.load(GOLDEN.folder().resolve("model"), DIRECT);
    }

    @Test
    void aPictureDoesNotDependOnHowManyThereAre() {
        try (var pipeline = golden()) {
            var three = generate(pipeline, ImageRequest.builder("small effusion").steps(3).seed(5).count(3).build());
            var one = generate(pipeline, ImageRequest.builder("small effusion").steps(3).seed(7).build());
            assertEquals(3, three.size());
            assertArrayEquals(one.getFirst().planes(), three.getLast().planes());
            assertTrue(!Arrays.equals(three.get(0).planes(), three.get(1).planes()));
        }
    }

    @Test
    void lowMemoryGivesTheSameBytes() {
        var request = ImageRequest.builder("small effusion").steps(2).seed(5).count(2).build();
        try (var normal = golden(); var low = StableDiffusionPipeline.load(GOLDEN.folder().resolve("model"),
                DIRECT.withMemory(PipelineOptions.MemoryMode.LOW))) {
            assertArrayEquals(generate(normal, request).getLast().planes(), generate(low, request).getLast().planes());
        }
    }

    @Test
    void theLastPictureIsDecodedWithoutTheUNet() {
        var request = ImageRequest.builder("small effusion").steps(2).seed(5).count(2);
        List<String> loaded = new ArrayList<>();
        List<GeneratedImage> images = new ArrayList<>();
        var listener = new GenerationListener() {
            @Override
            public void onPhase(String what) {
                loaded.add(what);
            }

            @Override
            public void onImage(GeneratedImage image) {
                images.add(image);
            }
        };
        try (var pipeline = golden()) {
            pipeline.generate(request.build(), listener);
            pipeline.generate(request.last(true).build(), listener);
            assertEquals(1, loaded.stream().filter("loading the U-Net"::equals).count(), "it stays, and both use it");
            pipeline.generate(request.build(), listener); // not the last after all
            assertEquals(2, loaded.stream().filter("loading the U-Net"::equals).count());
        }
        for (int i = 2; i < images.size(); i++) {
            assertArrayEquals(images.get(i % 2).planes(), images.get(i).planes(), "picture " + i);
        }
    }

    /// Fifty steps in mixed precision: the picture is another one, but not to the eye.
    @ParameterizedTest
    @EnumSource
    void mixedPrecisionGivesNearlyTheSamePicture(PipelineOptions.MemoryMode memory) {
        var request = ImageRequest.builder("small effusion").steps(50).seed(5).build();
        try (var plain = golden(); var mixed = StableDiffusionPipeline.load(GOLDEN.folder().resolve("model"),
                PipelineOptions.defaults().withThreads(2).withMemory(memory).withMixedPrecision())) {
            float[] expected = generate(plain, request).getFirst().planes();
            float[] actual = generate(mixed, request).getFirst().planes();
            double square = 0;
            for (int i = 0; i < expected.length; i++) {
                square += Math.pow(expected[i] - actual[i], 2);
            }
            double psnr = -10 * Math.log10(square / expected.length); // of numbers from 0 to 1
            assertTrue(psnr >= 30 && psnr < 100, memory + ": " + psnr + " dB");
        }
    }

    @Test
    void givenLatentsStandForTheSeeds() {
        try (var pipeline = golden()) {
            var drawn = generate(pipeline, ImageRequest.builder("edema").steps(2).seed(5).build()).getFirst();
            var given = generate(pipeline, ImageRequest.builder("edema").steps(2).seed(99)
                    .initialLatents(drawn.initialLatents()).build()).getFirst();
            assertArrayEquals(drawn.planes(), given.planes());
        }
    }

    @Test
    void stepsAreReportedWithPreviewsAndCanBeStopped() {
        List<String> heard = new ArrayList<>();
        var listener = new GenerationListener() {
            @Override
            public void onStep(int image, int step, int steps, Supplier<Optional<RgbImage>> preview) {
                heard.add(image + ": " + step + "/" + steps + " " + preview.get().orElseThrow().width());
            }

            @Override
            public void onImage(GeneratedImage image) {
                heard.add("image " + image.seed());
            }

            @Override
            public boolean isCancelled() {
                return heard.contains("1: 2/4 8");
            }
        };
        try (var pipeline = golden()) {
            var request = ImageRequest.builder("edema").steps(3).seed(5).count(3).build();
            assertThrows(CancellationException.class, () -> pipeline.generate(request, listener));
            assertEquals(List.of("0: 1/4 8", "0: 2/4 8", "0: 3/4 8", "0: 4/4 8", "image 5", "1: 1/4 8", "1: 2/4 8"), heard);
        }
    }

    @Test
    void aLongPromptIsCutAndSaysWhat() {
        List<String> cut = new ArrayList<>();
        try (var pipeline = golden()) {
            pipeline.generate(ImageRequest.builder("effusion ".repeat(200) + "pneumothorax").steps(1).build(),
                    new GenerationListener() {
                        @Override
                        public void onPromptTruncated(String prompt, String end) {
                            cut.add(end);
                        }
                    });
        }
        assertEquals(1, cut.size());
        assertTrue(cut.getFirst().endsWith("pneumothorax"), cut.getFirst());
    }

    @Test
    void whatDoesNotFitIsRefusedBeforeAnythingIsComputed() {
        try (var pipeline = golden()) {
            refused(pipeline, ImageRequest.builder("x").size(60, 64).build(), "60x64", "multiple of 8", "64x64");
            refused(pipeline, ImageRequest.builder("x").scheduler("pndn").build(), "pndn", "pndm");
            refused(pipeline, ImageRequest.builder("x").initialLatents(new float[3]).build(), "[1, 4, 8, 8]");
            refused(pipeline, ImageRequest.builder("x").size(64, 64).source(new Source.Image(new float[5], 0.5)).build(),
                    "64x64");
            refused(pipeline, ImageRequest.builder("x").size(64, 64).steps(2)
                    .source(new Source.Image(new float[3 * 64 * 64], 0.1)).build(), "strength");
        }
        assertThrows(IllegalArgumentException.class, () -> ImageRequest.builder("x").steps(0).build());
        assertThrows(IllegalArgumentException.class, () -> ImageRequest.builder("x").count(0).build());
        assertThrows(IllegalArgumentException.class,
                () -> ImageRequest.builder("x").size(8, 8).source(new Source.Image(new float[192], 1.5)).build());
    }

    @Test
    void whatCannotBeOpenedSaysWhy(@TempDir Path empty) {
        assertThrows(CheckpointException.class, () -> StableDiffusionPipeline.load(empty, DIRECT));
        // the device is opened by another thread: its errors arrive all the same
        var error = assertThrows(IllegalArgumentException.class,
                () -> StableDiffusionPipeline.load(GOLDEN.folder().resolve("model"), DIRECT.withThreads(0)));
        assertTrue(error.getMessage().contains("threads must be at least 1"), error.getMessage());
    }

    private static void refused(StableDiffusionPipeline pipeline, ImageRequest request, String... words) {
        String message = assertThrows(IllegalArgumentException.class, () -> pipeline.check(request)).getMessage();
        for (String word : words) {
            assertTrue(message.contains(word), message);
        }
    }

    /// The processor, which says its memory is elsewhere.
    private record RemoteDevice(Device device, List<Graph> compiled) implements Device {
        @Override
        public String description() {
            return "remote " + device.description();
        }

        @Override
        public boolean isRemote() {
            return true;
        }

        @Override
        public DeviceWeights weights(Checkpoint checkpoint, Variables variables) {
            return device.weights(checkpoint, variables);
        }

        @Override
        public Variables variables() {
            return device.variables();
        }

        @Override
        public Executable compile(Graph graph, DeviceWeights weights, CompileOptions options) {
            compiled.add(graph);
            return device.compile(graph, weights, options);
        }

        @Override
        public long requiredBytes(Graph graph, DeviceWeights weights, CompileOptions options) {
            return device.requiredBytes(graph, weights, options);
        }

        @Override
        public void close() {
            device.close();
        }
    }
}
