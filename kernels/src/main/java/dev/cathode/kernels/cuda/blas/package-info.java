/// Matrix products by cuBLASLt.
///
/// The room in reading order: a [dev.cathode.kernels.cuda.blas.Product] says what to multiply,
/// [dev.cathode.kernels.cuda.blas.Matmul] tells cuBLASLt so, asks it for algorithms and runs one;
/// [dev.cathode.kernels.cuda.blas.AlgorithmCache] keeps a chosen one.
/// [dev.cathode.kernels.cuda.blas.CublasLt] is the library. Not yet run on hardware.
package dev.cathode.kernels.cuda.blas;
