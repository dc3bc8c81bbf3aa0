/// What `tools/gpu/check.sh` runs on a machine with an NVIDIA GPU: the ceilings of copying and multiplying, our kernels
/// against them, whole networks, and one table of all that was measured there, PyTorch included. Not yet run on
/// hardware.
package dev.cathode.bench.gpu;
