/// Sums and copies among several GPUs, by NCCL. Not yet run on hardware.
package dev.cathode.kernels.cuda.nccl;
