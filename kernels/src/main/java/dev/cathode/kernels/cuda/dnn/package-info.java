/// Convolutions and attention by cuDNN's backend: descriptors of operations, engines that compute them, plans.
///
/// The room in reading order: a [dev.cathode.kernels.cuda.dnn.ConvolutionTask] says what to compute, and
/// [dev.cathode.kernels.cuda.dnn.Plans] asks the library for ways to do it on the GPU of a
/// [dev.cathode.kernels.cuda.dnn.DeviceDescription]; a [dev.cathode.kernels.cuda.dnn.Plan] runs.
/// [dev.cathode.kernels.cuda.dnn.Cudnn] is the library, [dev.cathode.kernels.cuda.dnn.BackendDescriptor] its only type.
/// Not yet run on hardware.
package dev.cathode.kernels.cuda.dnn;
