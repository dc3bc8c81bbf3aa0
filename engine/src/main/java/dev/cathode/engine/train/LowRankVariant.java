package dev.cathode.engine.train;

import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.graph.Value;
import dev.cathode.engine.models.TextModel;
import dev.cathode.engine.models.UNet2DConditionModel;
import dev.cathode.engine.nn.LowRank;
import dev.cathode.engine.nn.Scope;
import dev.cathode.engine.random.RandomWeights;
import dev.cathode.engine.runtime.Device;
import dev.cathode.engine.runtime.Executable;
import dev.cathode.engine.train.recipe.TrainingMethod.Lora;
import dev.cathode.engine.train.recipe.TrainingRecipe;
import dev.cathode.weights.Checkpoint;
import dev.cathode.weights.DType;
import dev.cathode.weights.JoinedCheckpoint;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/// Low-rank additions are trained, all else is frozen (Hu et al. 2021, https://arxiv.org/abs/2106.09685): to the layers
/// of the U-Net that the recipe names, and to the attention of the text encoder if it is trained.
///
/// Of the two factors A begins at random and B at zero, so that training begins with the model as it is.
final class LowRankVariant implements Variant {
    private final TrainedModel model;
    private final Lora settings;
    private final boolean textTrained;
    private final Captions captions;
    private final Checkpoint weights;

    /// @throws IllegalArgumentException if no layer has one of the names of the recipe
    LowRankVariant(Device device, TrainingRecipe recipe, TrainedModel model, Lora settings) {
        this.model = model;
        this.settings = settings;
        textTrained = recipe.model().trainTextEncoder();
        Graph graph = new Graph();
        Value ids = graph.input("input_ids", DType.I32, Shape.of(1, model.text().length()));
        Value context = model.text().forward(text(graph, ""), ids);
        UNet2DConditionModel.forward(unet(graph, ""), model.unet(), graph.input("sample", DType.F32,
                Shape.of(1, model.unet().inChannels(), 8, 8)), graph.input("timestep", DType.F32, Shape.of(1)),
                context);
        List<String> factors = graph.parameters().keySet().stream().filter(this::trains).toList();
        if (factors.stream().noneMatch(name -> name.startsWith(TrainedModel.UNET))) {
            throw new IllegalArgumentException("lora_layers: no linear layer or 1x1 convolution of the U-Net is named "
                    + String.join(", ", settings.loraLayers()));
        }
        Graph pairs = new Graph();
        factors.forEach(name -> pairs.parameter(name, graph.parameters().get(name).shape()));
        weights = new JoinedCheckpoint(List.of(model.weights(),
                new FirstFactors(new RandomWeights(recipe.steps().seed(), pairs))));
        captions = Captions.of(device, recipe, model);
    }

    /// The additions to the U-Net, their parameters under a prefix.
    private LowRank toUNet(String trained) {
        return new LowRank(settings.rank(), settings.loraAlpha(), settings.loraLayers(), trained);
    }

    private Scope text(Graph graph, String trained) {
        if (!textTrained) {
            return new Scope(graph, TrainedModel.TEXT);
        }
        List<String> layers = Stream.concat(attention(model.text()).stream(), settings.loraLayers().stream()).distinct()
                .toList();
        return new Scope(graph, TrainedModel.TEXT,
                new LowRank(settings.rank(), settings.loraAlpha(), layers, trained));
    }

    private static List<String> attention(TextModel text) {
        return switch (text) {
            case TextModel.Clip _ -> List.of("q_proj", "k_proj", "v_proj", "out_proj");
            case TextModel.Bert _ -> List.of("query", "key", "value", "attention.output.dense");
            case TextModel.Projected(TextModel encoder, int _, int _) -> attention(encoder);
        };
    }

    @Override
    public Checkpoint weights() {
        return weights;
    }

    @Override
    public boolean trains(String parameter) {
        return parameter.endsWith(".lora_A.weight") || parameter.endsWith(".lora_B.weight");
    }

    @Override
    public Value addContext(Graph graph, int batch, String trained) {
        return captions.addTo(text(graph, trained), batch);
    }

    @Override
    public void setCaptions(Executable executable, List<String> texts) {
        captions.set(executable, texts);
    }

    @Override
    public Scope unet(Graph graph, String trained) {
        return new Scope(graph, TrainedModel.UNET, toUNet(trained));
    }

    @Override
    public void write(Path folder, TrainingState state, boolean average) {
        LoraWriter.write(folder.resolve(LoraWriter.FILE), settings, state.tensors(average ? StepGraphs.EMA : ""));
    }

    @Override
    public void close() {
        captions.close();
    }
}
