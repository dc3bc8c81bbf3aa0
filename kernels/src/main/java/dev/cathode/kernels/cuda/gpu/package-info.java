/// A GPU with NVIDIA's libraries as one machine: [dev.cathode.kernels.cuda.gpu.Gpu]. Not yet run on hardware.
package dev.cathode.kernels.cuda.gpu;
