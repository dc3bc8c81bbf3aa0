package dev.cathode.cli;

import dev.cathode.weights.ModelComponent;

/// What a component of a model consists of.
enum ComponentKind {
    /// A configuration and weights.
    NETWORK,
    /// A configuration alone.
    SCHEDULER,
    /// Other files: a vocabulary, settings of an image processor.
    FILES;

    static ComponentKind of(ModelComponent component) {
        String type = component.className();
        if (type.endsWith("Scheduler")) {
            return SCHEDULER;
        }
        return type.contains("Tokenizer") || type.contains("FeatureExtractor") || type.contains("ImageProcessor")
                ? FILES : NETWORK;
    }
}
