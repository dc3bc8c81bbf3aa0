/// Checkpoint files as named tensors; nothing in a file is ever executed.
package dev.cathode.weights;
