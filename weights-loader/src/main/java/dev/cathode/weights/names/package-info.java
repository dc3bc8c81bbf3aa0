/// Parameter names of original ("LDM") Stable Diffusion files against those of diffusers and transformers, and the
/// configurations that follow from shapes.
package dev.cathode.weights.names;
