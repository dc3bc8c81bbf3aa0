/// An NVIDIA GPU as a device, in reading order: [dev.cathode.engine.runtime.cuda.CudaDevice] plans a graph;
/// [dev.cathode.engine.runtime.cuda.CudaLowering] turns each operation into launches of kernels and calls of libraries,
/// products in [dev.cathode.engine.runtime.cuda.CudaProducts], attention in
/// [dev.cathode.engine.runtime.cuda.CudaAttentions], the backward pass in
/// [dev.cathode.engine.runtime.cuda.CudaGradients], what changes parameters in
/// [dev.cathode.engine.runtime.cuda.CudaUpdates]; [dev.cathode.engine.runtime.cuda.CudaExecutable] runs and records
/// them.
///
/// [dev.cathode.engine.runtime.cuda.CudaPlans] keeps what the machine has prepared,
/// [dev.cathode.engine.runtime.cuda.CudaWeights] what a checkpoint holds,
/// [dev.cathode.engine.runtime.cuda.CudaVariables] what training changes.
package dev.cathode.engine.runtime.cuda;
