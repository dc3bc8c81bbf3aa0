package dev.cathode.roentgen.classify;

import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// What an epoch of training came to.
///
/// @param epoch from 1
/// @param step optimizer steps so far
/// @param learningRate of the last step
/// @param trainingLoss mean over the epoch's steps
/// @param auroc macro AUROC of the validation pictures; NaN if no label has both values there
/// @param accuracy of the validation pictures at 0.5, mean over labels
public record EpochResult(int epoch, long step, double learningRate, double trainingLoss, double auroc,
                          double accuracy) {
    /// Headings of [#row].
    static final List<String> COLUMNS =
            List.of("epoch", "step", "learning_rate", "training_loss", "validation_auroc", "validation_accuracy");

    /// The line of a table.
    List<Object> row() {
        return List.of(epoch, step, learningRate, trainingLoss, auroc, accuracy);
    }

    ObjectNode toJson() {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("epoch", epoch);
        json.put("step", step);
        json.put("learning_rate", learningRate);
        json.put("training_loss", trainingLoss);
        json.put("validation_auroc", Double.toString(auroc)); // may be NaN, which JSON does not have
        json.put("validation_accuracy", Double.toString(accuracy));
        return json;
    }

    static EpochResult parse(JsonNode json) {
        return new EpochResult(json.get("epoch").intValue(), json.get("step").longValue(),
                json.get("learning_rate").doubleValue(), json.get("training_loss").doubleValue(),
                Double.parseDouble(json.get("validation_auroc").asString()),
                Double.parseDouble(json.get("validation_accuracy").asString()));
    }
}
