package dev.cathode.engine.train;

import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Value;
import dev.cathode.engine.models.TextModel;
import dev.cathode.engine.nn.Scope;
import dev.cathode.engine.runtime.Device;
import dev.cathode.engine.runtime.Executable;
import dev.cathode.engine.train.recipe.TrainingRecipe;
import dev.cathode.weights.Checkpoint;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/// Textual projection (Chambon et al. 2022, https://arxiv.org/abs/2210.04133): a small network behind a frozen text
/// encoder of another kind is trained, so that the frozen U-Net understands its states.
final class ProjectionVariant implements Variant {
    private final TrainedModel model;
    private final TextModel.Projected text;
    private final Captions captions;

    /// @param model with a [TextModel.Projected]
    ProjectionVariant(Device device, TrainingRecipe recipe, TrainedModel model) {
        this.model = model;
        text = (TextModel.Projected) model.text();
        captions = new TextConditioning(device, recipe, model, text.encoder());
    }

    @Override
    public Checkpoint weights() {
        return model.weights();
    }

    @Override
    public boolean trains(String parameter) {
        return parameter.startsWith(TrainedModel.TEXT + TextModel.PROJECTION + '.');
    }

    @Override
    public Value addContext(Graph graph, int batch, String trained) {
        return text.project(new Scope(graph, trained + TrainedModel.TEXT),
                captions.addTo(new Scope(graph, TrainedModel.TEXT), batch));
    }

    @Override
    public void setCaptions(Executable executable, List<String> texts) {
        captions.set(executable, texts);
    }

    @Override
    public Scope unet(Graph graph, String trained) {
        return new Scope(graph, TrainedModel.UNET);
    }

    @Override
    public void write(Path folder, TrainingState state, boolean average) throws IOException {
        ModelFolderWriter.write(folder, model, state, average);
    }

    @Override
    public void close() {
        captions.close();
    }
}
