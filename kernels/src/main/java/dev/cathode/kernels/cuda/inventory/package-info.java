/// What this machine has of CUDA, in words.
package dev.cathode.kernels.cuda.inventory;
