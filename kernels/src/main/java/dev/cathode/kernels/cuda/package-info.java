/// Computation on an NVIDIA GPU.
///
/// The kernels are `.cu` files, resources beside these classes, that need no header of CUDA. [Kernel] names one of
/// them, [KernelLauncher] runs it: on a GPU through the driver, in tests on the CPU, from the same sources and by the
/// same launch code. The `Cuda…` classes choose grids and pack arguments. Not yet run on hardware.
package dev.cathode.kernels.cuda;
