package dev.cathode.engine.runtime;

/// The weights of one network on a device, shared by all executables of that network.
public interface DeviceWeights extends AutoCloseable {
    /// Bytes of memory in use for weights so far.
    long bytes();

    /// Frees them; the executables that use them must not run any more.
    @Override
    void close();
}
