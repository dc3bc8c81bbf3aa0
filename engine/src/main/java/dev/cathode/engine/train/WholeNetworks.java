package dev.cathode.engine.train;

import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Value;
import dev.cathode.engine.nn.Scope;
import dev.cathode.engine.runtime.Device;
import dev.cathode.engine.runtime.Executable;
import dev.cathode.engine.train.recipe.TrainingRecipe;
import dev.cathode.weights.Checkpoint;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/// All of the U-Net is trained, and all of the text encoder if the recipe says so: RoentGen's way.
final class WholeNetworks implements Variant {
    private final TrainedModel model;
    private final boolean textTrained;
    private final Captions captions;

    WholeNetworks(Device device, TrainingRecipe recipe, TrainedModel model) {
        this.model = model;
        textTrained = recipe.model().trainTextEncoder();
        captions = Captions.of(device, recipe, model);
    }

    @Override
    public Checkpoint weights() {
        return model.weights();
    }

    @Override
    public boolean trains(String parameter) {
        return parameter.startsWith(TrainedModel.UNET) || textTrained && parameter.startsWith(TrainedModel.TEXT);
    }

    @Override
    public Value addContext(Graph graph, int batch, String trained) {
        return captions.addTo(new Scope(graph, trained + TrainedModel.TEXT), batch);
    }

    @Override
    public void setCaptions(Executable executable, List<String> texts) {
        captions.set(executable, texts);
    }

    @Override
    public Scope unet(Graph graph, String trained) {
        return new Scope(graph, trained + TrainedModel.UNET);
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
