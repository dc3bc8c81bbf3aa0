/// Checkpoint files as named tensors.
@SuppressWarnings("module") // the engine is compiled after this module
module dev.cathode.weights {
    requires transitive tools.jackson.databind;

    exports dev.cathode.weights;
    exports dev.cathode.weights.file to dev.cathode.engine, dev.cathode.roentgen;
}
