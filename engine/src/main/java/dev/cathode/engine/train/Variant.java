package dev.cathode.engine.train;

import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Value;
import dev.cathode.engine.nn.Scope;
import dev.cathode.engine.runtime.Executable;
import dev.cathode.weights.Checkpoint;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/// The part of [FineTuning] in which its variants differ: what is trained, how captions become hidden states, where the
/// U-Net's parameters are, and what is written.
interface Variant extends AutoCloseable {
    /// Frozen parameters, and start values of those that are trained.
    Checkpoint weights();

    /// Whether a parameter is trained.
    boolean trains(String parameter);

    /// Adds what makes the hidden states of captions to a graph: F32 `[N, length, C]`. It has inputs that only
    /// [#setCaptions] knows.
    ///
    /// @param trained goes before the names of parameters that are trained: empty, or that of their moving averages
    Value addContext(Graph graph, int batch, String trained);

    /// Sets the inputs that [#addContext] made.
    void setCaptions(Executable executable, List<String> texts);

    /// Where the U-Net is.
    ///
    /// @param trained as in [#addContext]
    Scope unet(Graph graph, String trained);

    /// What a picture's caption becomes before it is encoded.
    default String caption(String caption, TrainingTask.Place place, long number) {
        return caption;
    }

    /// Writes what was trained.
    ///
    /// @param folder an empty folder
    /// @param average whether the moving average of the parameters takes their place
    void write(Path folder, TrainingState state, boolean average) throws IOException;

    @Override
    void close();
}
