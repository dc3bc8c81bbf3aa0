/// Files of `torch.save` and TorchScript, without torch: zip or legacy container, and a pickle reader that builds inert
/// values and executes nothing.
///
/// [dev.cathode.weights.torch.TorchFile] opens a file; `ZipDirectory` and `LegacyContainer` find pickle and storages;
/// `PickleReader` turns the pickle into a `Pickled`, with `Calls` standing in for the few functions torch uses;
/// `StateDict` finds the named tensors in it; `Strided` turns a tensor's view of its storage into bytes.
package dev.cathode.weights.torch;
