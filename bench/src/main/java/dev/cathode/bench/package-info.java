/// Benchmarks of the CPU kernels and the networks at the shapes of Stable Diffusion 1.4, batch 2 (with and without the
/// prompt), 512×512.
///
/// `java -jar bench/target/benchmarks.jar` runs them all, a name as an argument only those that contain it;
/// `-p threads=4` or `-p shape=...` replaces a parameter. Every benchmark compares its result with sums in float64
/// (networks: with plain kernels) before the first measurement, and refuses to measure what is wrong.
package dev.cathode.bench;
