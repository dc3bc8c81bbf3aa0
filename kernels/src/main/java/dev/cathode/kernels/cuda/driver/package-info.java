/// GPUs through NVIDIA's driver API.
///
/// The room in reading order: [dev.cathode.kernels.cuda.driver.CudaDriver] knows the
/// [devices][dev.cathode.kernels.cuda.driver.CudaDevice] and takes one in use as a
/// [dev.cathode.kernels.cuda.driver.CudaContext], which makes [streams][dev.cathode.kernels.cuda.driver.CudaStream],
/// [events][dev.cathode.kernels.cuda.driver.CudaEvent] and [modules][dev.cathode.kernels.cuda.driver.CudaModule] of
/// [kernels][dev.cathode.kernels.cuda.driver.CudaFunction]. What a stream captures becomes a
/// [dev.cathode.kernels.cuda.driver.CudaGraph]. [dev.cathode.kernels.cuda.driver.DriverLauncher] runs our kernels with
/// all of that; [dev.cathode.kernels.cuda.driver.Stopwatch] finds the fastest of several ways. Not yet run on hardware.
package dev.cathode.kernels.cuda.driver;
