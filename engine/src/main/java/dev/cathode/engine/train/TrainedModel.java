package dev.cathode.engine.train;

import dev.cathode.engine.diffusion.schedulers.NoiseSchedule;
import dev.cathode.engine.diffusion.schedulers.PredictionType;
import dev.cathode.engine.diffusion.schedulers.Schedulers;
import dev.cathode.engine.diffusion.schedulers.SchedulerConfig;
import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.models.AutoencoderKL;
import dev.cathode.engine.models.AutoencoderKLConfig;
import dev.cathode.engine.models.TextModel;
import dev.cathode.engine.models.UNet2DConditionConfig;
import dev.cathode.engine.models.UNet2DConditionModel;
import dev.cathode.engine.random.RandomWeights;
import dev.cathode.engine.runtime.Device;
import dev.cathode.engine.text.Tokenizer;
import dev.cathode.engine.text.Tokenizers;
import dev.cathode.engine.train.recipe.ModelSettings;
import dev.cathode.engine.train.recipe.TrainingRecipe;
import dev.cathode.weights.Checkpoint;
import dev.cathode.weights.CheckpointException;
import dev.cathode.weights.JoinedCheckpoint;
import dev.cathode.weights.ModelComponent;
import dev.cathode.weights.ModelSource;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// The model that training begins with: its configurations, tokenizer and weights, those that begin at random included.
///
/// In graphs of training the networks' parameters are named with a prefix: [#UNET], [#TEXT], [#VAE].
public final class TrainedModel implements AutoCloseable {
    /// Prefix of the U-Net's parameters.
    public static final String UNET = "unet.";
    /// Prefix of the text encoder's parameters.
    public static final String TEXT = "text_encoder.";
    /// Prefix of the autoencoder's parameters.
    public static final String VAE = "vae.";

    private final ModelSource source;
    private final Optional<ModelSource> textSource;
    private final UNet2DConditionConfig unet;
    private final AutoencoderKLConfig vae;
    private final TextModel text;
    private final Tokenizer tokenizer;
    private final SchedulerConfig scheduler;
    private final PrefixedCheckpoint weights;

    private TrainedModel(ModelSettings settings, long seed, ModelSource source, Optional<ModelSource> textSource,
                         boolean projected) {
        this.source = source;
        this.textSource = textSource;
        unet = UNet2DConditionConfig.parse(source.component("unet").config(), label("unet"));
        vae = AutoencoderKLConfig.parse(source.component("vae").config(), label("vae"));
        ModelComponent encoder = textSource.orElse(source).component("text_encoder");
        TextModel stored = TextModel.parse(encoder.config(), label(encoder));
        boolean projection = projected && !(stored instanceof TextModel.Projected);
        int columns = unet.crossAttentionDim();
        text = projection ? new TextModel.Projected(stored, columns, columns) : stored;
        tokenizer = Tokenizers.load(tokenizerFolder());
        ModelComponent component = source.component("scheduler");
        String type = component.className().isEmpty() ? component.config().path("_class_name").asString("")
                : component.className();
        scheduler = new SchedulerConfig(label("scheduler"), type, component.config()).forStableDiffusion();
        check();
        Map<String, Checkpoint> parts = new LinkedHashMap<>();
        parts.put(UNET, settings.randomUnet() ? new RandomWeights(seed, UNet2DConditionModel.graph(unet, 1, 8, 8, 1))
                : MissingWeights.of(source.component("unet"), label("unet")));
        Checkpoint words = settings.randomTextEncoder() ? new RandomWeights(seed + 1, text.graph(1, 0))
                : MissingWeights.of(encoder, label(encoder));
        parts.put(TEXT, projection ? new JoinedCheckpoint(List.of(words, new RandomWeights(seed + 3, projection(text))))
                : words);
        int side = vae.scaleFactor();
        parts.put(VAE, settings.randomVae() ? new RandomWeights(seed + 2, AutoencoderKL.encodeGraph(vae, 1, side, side),
                AutoencoderKL.decodeGraph(vae, 1, 1, 1)) : MissingWeights.of(source.component("vae"), label("vae")));
        weights = new PrefixedCheckpoint(parts);
    }

    /// Opens a model.
    ///
    /// @param seed of weights that begin at random
    /// @throws CheckpointException if a file is missing or broken, or parts do not fit together
    public static TrainedModel open(ModelSettings settings, long seed) {
        return open(settings, seed, false);
    }

    /// As [#open(ModelSettings, long)], with a new [TextModel.Projected] network behind the text encoder if there is
    /// none: what its states are then follows from the U-Net.
    static TrainedModel openProjected(ModelSettings settings, long seed) {
        return open(settings, seed, true);
    }

    private static TrainedModel open(ModelSettings settings, long seed, boolean projected) {
        ModelSource source = ModelSource.open(Path.of(settings.pretrainedModelNameOrPath()));
        Optional<ModelSource> text = Optional.empty();
        try {
            text = settings.pretrainedTextEncoderNameOrPath().map(path -> ModelSource.open(Path.of(path)));
            return new TrainedModel(settings, seed, source, text, projected);
        } catch (RuntimeException e) {
            text.ifPresent(ModelSource::close);
            source.close();
            throw e;
        }
    }

    /// A graph of the small network alone.
    private static Graph projection(TextModel text) {
        Graph graph = new Graph();
        text.graph(1, 0).parameters().forEach((name, value) -> {
            if (name.startsWith(TextModel.PROJECTION + '.')) {
                graph.parameter(name, value.shape());
            }
        });
        return graph;
    }

    private void check() {
        if (text.hiddenSize() != unet.crossAttentionDim()) {
            throw new CheckpointException(source.source() + ": the text encoder's hidden states have "
                    + text.hiddenSize() + " numbers, but the U-Net's cross_attention_dim is " + unet.crossAttentionDim());
        }
        if (tokenizer.vocabularySize() > text.vocabularySize()) {
            throw new CheckpointException(source.source() + ": the tokenizer knows " + tokenizer.vocabularySize()
                    + " tokens, but the text encoder has a vocabulary of " + text.vocabularySize());
        }
        if (vae.latentChannels() != unet.inChannels()) {
            throw new CheckpointException(source.source() + ": the autoencoder's latents have " + vae.latentChannels()
                    + " channels, but the U-Net takes " + unet.inChannels());
        }
    }

    private Path tokenizerFolder() {
        // A BERT's folder holds its tokenizer beside its weights.
        ModelSource with = textSource.orElse(source);
        ModelComponent component = with.has("tokenizer") ? with.component("tokenizer") : with.component("text_encoder");
        return component.folder().orElseThrow(() -> new CheckpointException(
                with.source() + " has no tokenizer: training needs a diffusers folder that has one"));
    }

    private String label(String component) {
        return label(source.component(component));
    }

    private String label(ModelComponent component) {
        return component.folder().map(Path::toString).orElse(source.source() + " (" + component.name() + ")");
    }

    /// The U-Net's configuration.
    public UNet2DConditionConfig unet() {
        return unet;
    }

    /// The autoencoder's configuration.
    public AutoencoderKLConfig vae() {
        return vae;
    }

    /// The text encoder.
    public TextModel text() {
        return text;
    }

    /// Text to ids.
    public Tokenizer tokenizer() {
        return tokenizer;
    }

    /// The scheduler that the model samples with.
    public SchedulerConfig scheduler() {
        return scheduler;
    }

    /// How much noise each timestep has.
    public NoiseSchedule noiseSchedule() {
        return Schedulers.of(scheduler).noiseSchedule();
    }

    /// What the U-Net predicts according to the model's scheduler.
    public PredictionType predictionType() {
        return Schedulers.of(scheduler).predictionType();
    }

    /// All parameters, with prefixes.
    public Checkpoint weights() {
        return weights;
    }

    /// The model's own text encoder where another one took its place, frozen and beside a graph of training.
    TextConditioning ownCaptions(Device device, TrainingRecipe recipe) {
        ModelComponent own = source.component("text_encoder");
        TextModel text = TextModel.parse(own.config(), label(own));
        return new TextConditioning(device, own.weights(), "", text,
                Tokenizers.load(source.component("tokenizer").folder().orElseThrow(() -> new CheckpointException(
                        source.source() + " has no tokenizer: name a diffusers folder that has one"))),
                TextCache.of(recipe, "target_embeddings.cache", text.length() * text.hiddenSize()));
    }

    /// The component that a prefix stands for, as it was opened.
    ModelComponent component(String prefix) {
        ModelSource from = prefix.equals(TEXT) ? textSource.orElse(source) : source;
        return from.component(prefix.substring(0, prefix.length() - 1));
    }

    /// What tells one version of a component's weights from another: the sizes and times of its files.
    String fingerprint(String prefix) {
        Path folder = component(prefix).folder().orElse(Path.of(source.source()));
        try (Stream<Path> files = Files.walk(folder, 1)) {
            return files.filter(Files::isRegularFile).sorted().map(file -> {
                try {
                    return file.getFileName() + ":" + Files.size(file) + ":" + Files.getLastModifiedTime(file).toMillis();
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }).collect(Collectors.joining(","));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Where the tokenizer's files are.
    Path tokenizerFiles() {
        return tokenizerFolder();
    }

    @Override
    public void close() {
        textSource.ifPresent(ModelSource::close);
        source.close();
    }
}
