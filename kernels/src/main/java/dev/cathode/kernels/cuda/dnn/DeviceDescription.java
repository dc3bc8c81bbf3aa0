package dev.cathode.kernels.cuda.dnn;

import java.util.function.Consumer;

/// A GPU as cuDNN describes it, which is all it needs to choose and prepare plans: with a description kept from before,
/// plans can be made where that GPU is not.
public final class DeviceDescription implements AutoCloseable {
    private static final int KIND = 38;
    private static final int HANDLE = 2701;
    private static final int JSON = 2702;

    private final BackendDescriptor descriptor;

    private DeviceDescription(BackendDescriptor descriptor) {
        this.descriptor = descriptor;
    }

    /// The description of the GPU in use.
    public static DeviceDescription of(Cudnn cudnn, Cudnn.Handle handle) {
        return finish(new BackendDescriptor(cudnn, KIND), d -> d.handle(HANDLE, handle));
    }

    /// A description from its [#json()].
    ///
    /// @throws dev.cathode.kernels.cuda.library.CudaException if the library does not understand it
    public static DeviceDescription of(Cudnn cudnn, String json) {
        return finish(new BackendDescriptor(cudnn, KIND), d -> d.text(JSON, json));
    }

    private static DeviceDescription finish(BackendDescriptor descriptor,
                                            Consumer<BackendDescriptor> attribute) {
        try {
            attribute.accept(descriptor);
            return new DeviceDescription(descriptor.finish());
        } catch (RuntimeException e) {
            descriptor.close();
            throw e;
        }
    }

    BackendDescriptor descriptor() {
        return descriptor;
    }

    /// All of it, as text to keep.
    public String json() {
        return descriptor.readText(JSON);
    }

    @Override
    public void close() {
        descriptor.close();
    }
}
