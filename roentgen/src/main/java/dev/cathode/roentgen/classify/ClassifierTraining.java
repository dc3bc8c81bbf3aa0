package dev.cathode.roentgen.classify;

import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// How a classifier is trained. Binary cross-entropy over the known labels, AdamW, a triangular cyclic learning rate;
/// the model with the best validation AUROC is kept: the paper's classifier for data augmentation (arXiv 2211.12737,
/// Tab. 5).
///
/// @param batchSize pictures of a step; the rest of an epoch that does not fill one is left out, drawn anew each epoch
/// @param baseLearningRate where cycles begin
/// @param maxLearningRate where they turn
/// @param cycleEpochs epochs from one to the other
/// @param weightDecay of AdamW
/// @param patience epochs without a better validation AUROC after which training stops
/// @param maxEpochs where training stops at the latest
/// @param seed of the first weights and of the order of pictures
public record ClassifierTraining(int batchSize, double baseLearningRate, double maxLearningRate, double cycleEpochs,
                                 double weightDecay, int patience, int maxEpochs, long seed) {
    /// Checks the numbers.
    ///
    /// @throws IllegalArgumentException if one makes no sense
    public ClassifierTraining {
        require(batchSize > 1, "a batch has at least 2 pictures: its statistics normalise them");
        require(baseLearningRate >= 0 && maxLearningRate >= baseLearningRate
                && maxLearningRate < Double.POSITIVE_INFINITY, "the learning rates must be 0 or more, the larger last");
        require(cycleEpochs > 0 && weightDecay >= 0, "a cycle takes time, and weight decay is 0 or more");
        require(patience > 0 && maxEpochs > 0, "patience and epochs are at least 1");
    }

    private static void require(boolean fits, String rule) {
        if (!fits) {
            throw new IllegalArgumentException(rule);
        }
    }

    /// The paper's, and for what it does not say: batches of 64, cycles of 2 epochs up and 2 down from a tenth of the
    /// learning rate.
    public static ClassifierTraining defaults() {
        return new ClassifierTraining(64, 1e-4, 1e-3, 2, 1e-5, 15, 200, 0);
    }

    /// What must stay the same when a run goes on: everything but when it ends.
    ObjectNode identity() {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("batch_size", batchSize);
        json.put("base_learning_rate", baseLearningRate);
        json.put("max_learning_rate", maxLearningRate);
        json.put("cycle_epochs", cycleEpochs);
        json.put("weight_decay", weightDecay);
        json.put("seed", seed);
        return json;
    }
}
