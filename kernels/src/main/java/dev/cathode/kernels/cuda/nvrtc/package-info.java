/// Kernels compiled at first use for the chip at hand, and kept on disk.
///
/// [dev.cathode.kernels.cuda.nvrtc.KernelCompiler] is the door; [dev.cathode.kernels.cuda.nvrtc.Nvrtc] is NVIDIA's
/// compiler.
package dev.cathode.kernels.cuda.nvrtc;
