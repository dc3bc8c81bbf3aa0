/// Layers: operations together with the parameters they own, under PyTorch's names.
package dev.cathode.engine.nn;
