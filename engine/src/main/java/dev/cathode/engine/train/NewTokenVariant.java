package dev.cathode.engine.train;

import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Ops;
import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.graph.Value;
import dev.cathode.engine.models.CLIPTextConfig;
import dev.cathode.engine.models.CLIPTextModel;
import dev.cathode.engine.models.TextModel;
import dev.cathode.engine.nn.Scope;
import dev.cathode.engine.runtime.Executable;
import dev.cathode.engine.text.ClipTokenizer;
import dev.cathode.engine.train.TrainingRandom.Stream;
import dev.cathode.engine.train.recipe.TrainingMethod.TextualInversion;
import dev.cathode.engine.train.recipe.TrainingRecipe;
import dev.cathode.weights.Checkpoint;
import dev.cathode.weights.Conversions;
import dev.cathode.weights.DType;
import dev.cathode.weights.FileTensor;
import dev.cathode.weights.JoinedCheckpoint;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/// Textual inversion (Gal et al. 2022, https://arxiv.org/abs/2208.01618): the embedding of one new token is trained,
/// all else is frozen.
///
/// The row is a parameter of its own, `embedding = keep · table[ids] + place · row`, where `place` is 1 at the new
/// token and `keep` 0: the table has no gradient, no moments and no weight decay. Captions are sentences about the new
/// token; those of the data are not read.
final class NewTokenVariant implements Variant {
    /// The row's name after that of the text encoder; its shape is `[C, 1]`.
    static final String ROW = "text_model.embeddings.new_token.weight";
    private static final String TABLE = TrainedModel.TEXT + "text_model.embeddings.token_embedding.weight";

    private final TrainedModel model;
    private final CLIPTextConfig text;
    private final TextualInversion settings;
    private final TrainingRandom random;
    private final ClipTokenizer tokenizer;
    private final int id;
    private final Checkpoint weights;

    /// @throws IllegalArgumentException if the text encoder is not CLIP's, the placeholder is known already, or the
    ///         initializer is not one token
    NewTokenVariant(TrainingRecipe recipe, TrainedModel model, TextualInversion settings) {
        this.model = model;
        this.settings = settings;
        random = new TrainingRandom(recipe.steps().seed());
        if (!(model.text() instanceof TextModel.Clip(CLIPTextConfig config))
                || !(model.tokenizer() instanceof ClipTokenizer known)) {
            throw new IllegalArgumentException("method textual_inversion needs CLIP's text encoder");
        }
        text = config;
        String placeholder = settings.placeholderToken();
        if (known.id(placeholder).isPresent()) {
            throw new IllegalArgumentException("placeholder_token \"" + placeholder
                    + "\" is in the vocabulary already: choose another one");
        }
        tokenizer = known.withAddedTokens(List.of(placeholder));
        id = tokenizer.id(placeholder).orElseThrow();
        int[] initializer = known.encode(settings.initializerToken());
        if (initializer.length != 3) {
            throw new IllegalArgumentException("initializer_token \"" + settings.initializerToken() + "\" is "
                    + (initializer.length - 2) + " tokens; it must be one");
        }
        weights = new JoinedCheckpoint(List.of(model.weights(), new OneTensor(row(initializer[1]))));
    }

    private FileTensor row(int token) {
        FileTensor table = model.weights().tensor(TABLE);
        float[] row = new float[text.hiddenSize()];
        Conversions.toFloats(table.data(), table.dtype(), (long) token * row.length, row, 0, row.length);
        MemorySegment data = Arena.ofAuto().allocate(4L * row.length, 64);
        MemorySegment.copy(row, 0, data, ValueLayout.JAVA_FLOAT, 0, row.length);
        return new FileTensor(TrainedModel.TEXT + ROW, DType.F32, List.of((long) row.length, 1L), data);
    }

    @Override
    public Checkpoint weights() {
        return weights;
    }

    @Override
    public boolean trains(String parameter) {
        return parameter.equals(TrainedModel.TEXT + ROW);
    }

    @Override
    public Value addContext(Graph graph, int batch, String trained) {
        return context(graph, text, batch, model.text().length(), trained);
    }

    /// Hidden states of ids in which the new token is marked.
    static Value context(Graph graph, CLIPTextConfig text, int batch, int length, String trained) {
        Scope at = new Scope(graph, TrainedModel.TEXT);
        Value ids = graph.input("input_ids", DType.I32, Shape.of(batch, length));
        Value place = graph.input("new_token", DType.F32, Shape.of(batch, length, 1));
        Value row = new Scope(graph, trained + TrainedModel.TEXT).parameter(ROW, text.hiddenSize(), 1);
        Value known = Ops.multiply(CLIPTextModel.tokens(at, text, ids), Ops.affine(place, -1, 1));
        Value tokens = Ops.add(Ops.linear(place, row, null), known);
        return CLIPTextModel.forwardTokens(at, text, tokens, null, null, 0).lastHiddenState();
    }

    @Override
    public void setCaptions(Executable executable, List<String> texts) {
        int length = model.text().length();
        setIds(executable, texts.stream().flatMapToInt(t -> Arrays.stream(tokenizer.encode(t, length).ids())).toArray(),
                id);
    }

    /// Sets ids; the new token's is not in the table, so another one stands there.
    static void setIds(Executable executable, int[] ids, int newToken) {
        float[] place = new float[ids.length];
        int[] known = ids.clone();
        for (int i = 0; i < ids.length; i++) {
            if (ids[i] == newToken) {
                place[i] = 1;
                known[i] = 0;
            }
        }
        executable.set("input_ids", known);
        executable.set("new_token", place);
    }

    @Override
    public Scope unet(Graph graph, String trained) {
        return new Scope(graph, TrainedModel.UNET);
    }

    @Override
    public String caption(String caption, TrainingTask.Place place, long number) {
        int template = place.heldOut() ? (int) (number % Templates.count())
                : random.uniform(Stream.TEMPLATE, place.step(), number, Templates.count());
        return Templates.with(template, settings.placeholderToken());
    }

    @Override
    public void write(Path folder, TrainingState state, boolean average) throws IOException {
        NewTokenWriter.write(folder, model, settings.placeholderToken(), id,
                state.tensors(average ? StepGraphs.EMA : "").getFirst());
    }

    @Override
    public void close() { }
}
