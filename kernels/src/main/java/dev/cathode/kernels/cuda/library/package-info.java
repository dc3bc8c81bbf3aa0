/// Finding and opening NVIDIA's libraries, and exact downcalls into them.
///
/// The room in reading order: [dev.cathode.kernels.cuda.library.CudaLibrary] names the libraries and where to get them,
/// [dev.cathode.kernels.cuda.library.LibrarySearch] looks for one and ends in a
/// [dev.cathode.kernels.cuda.library.Finding]: an open [dev.cathode.kernels.cuda.library.NativeLibrary], or a sentence.
/// What a library refuses to do becomes a [dev.cathode.kernels.cuda.library.CudaException].
package dev.cathode.kernels.cuda.library;
