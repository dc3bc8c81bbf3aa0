/// The safetensors format: eight bytes of header length, a JSON header, then the tensors back to back.
package dev.cathode.weights.safetensors;
