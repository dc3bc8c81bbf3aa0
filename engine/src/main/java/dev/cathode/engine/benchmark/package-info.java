/// What a machine does on the shapes that matter: whole networks and single kernels of Stable Diffusion 1.4.
package dev.cathode.engine.benchmark;
