/// What all formats share: mapped files, tensors by name, strict JSON.
package dev.cathode.weights.file;
