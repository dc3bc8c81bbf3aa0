/// The CPU as a device: [dev.cathode.engine.runtime.cpu.CpuLowering] turns each operation into a kernel call,
/// [dev.cathode.engine.runtime.cpu.CpuWeights] packs parameters for them.
package dev.cathode.engine.runtime.cpu;
