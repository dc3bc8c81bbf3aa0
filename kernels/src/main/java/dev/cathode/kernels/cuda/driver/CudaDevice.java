package dev.cathode.kernels.cuda.driver;

/// What a GPU is.
///
/// @param index the N of `cuda:N`
/// @param ordinal the driver's own number for it
/// @param major the first number of its compute capability: 9 of 9.0
/// @param minor the second
/// @param memory all its memory in bytes
/// @param multiprocessors how many streaming multiprocessors it has
/// @param threadsPerMultiprocessor how many threads can be resident on one
/// @param sharedMemoryPerBlock the most shared memory that one block can ask for, in bytes
/// @param cache its second-level cache in bytes
public record CudaDevice(int index, int ordinal, String name, int major, int minor, long memory, int multiprocessors,
                         int threadsPerMultiprocessor, int sharedMemoryPerBlock, int cache) {
    /// The chip as compilers name it: "sm_90".
    public String chip() {
        return "sm_" + major + minor;
    }
}
