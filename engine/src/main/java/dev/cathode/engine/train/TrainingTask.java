package dev.cathode.engine.train;

import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.image.RgbImage;
import dev.cathode.engine.runtime.Executable;
import dev.cathode.weights.Checkpoint;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/// What one method trains: the loss, the parameters that change, what it reads of each sample, and the model it writes.
/// The [Trainer] does the rest.
///
/// @param <S> what is read of a sample
public interface TrainingTask<S> extends AutoCloseable {
    /// Where samples stand in the run, for random numbers that do not depend on how the step is cut into batches.
    ///
    /// @param heldOut whether these are samples held out of training: their random numbers never change
    /// @param step the optimizer step, from 0; 0 for samples held out
    /// @param first the place of the first of them among the samples of the step, or among those held out
    record Place(boolean heldOut, long step, int first) { }

    /// The parameters of the loss, frozen ones and start values of those that are trained.
    Checkpoint weights();

    /// The parameters that the optimizer changes.
    Map<String, Shape> trainable();

    /// The graph of the loss of a batch, with an output `loss`, the mean over its samples.
    Graph loss(int batch);

    /// Reads a sample; called by several threads at once.
    ///
    /// @param index of the sample in the data set
    /// @throws IOException if it cannot be read; the message names the file
    S read(int index) throws IOException;

    /// Sets the inputs of the loss.
    void set(Executable loss, Place place, List<S> samples);

    /// Pictures of how training goes, by names for the log; none by default.
    default Map<String, RgbImage> pictures(TrainingState state) {
        return Map.of();
    }

    /// Writes the model with the parameters as they are now.
    ///
    /// @param folder an empty folder
    /// @param average whether the moving average of the parameters takes their place
    void write(Path folder, TrainingState state, boolean average) throws IOException;

    @Override
    void close();
}
