/// CPU kernels behind one interface.
///
/// The room in reading order: [dev.cathode.kernels.cpu.CpuKernels] is the door: it prepares kernels for shapes.
/// [dev.cathode.kernels.cpu.Convolution] (linears too), [dev.cathode.kernels.cpu.Attention],
/// [dev.cathode.kernels.cpu.Normalization], [dev.cathode.kernels.cpu.Elementwise] and
/// [dev.cathode.kernels.cpu.Rearrangement] are the families. [dev.cathode.kernels.cpu.Workers] is the thread pool they
/// all run on, [dev.cathode.kernels.cpu.OffHeap] the memory they run in. They are written on the Vector API; on x86-64
/// the inner loop of matrix products is machine code.
///
/// Kernels take raw addresses (`long`), as machine code does: whoever calls them owns the memory and has checked the
/// sizes. Images are NHWC, numbers are little-endian float32 unless a parameter says otherwise.
package dev.cathode.kernels.cpu;
