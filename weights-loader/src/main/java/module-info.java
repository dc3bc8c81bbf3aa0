/// Checkpoint files as named tensors.
module dev.cathode.weights {
    requires tools.jackson.databind;

    exports dev.cathode.weights;
}
