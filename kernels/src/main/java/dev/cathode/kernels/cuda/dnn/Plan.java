package dev.cathode.kernels.cuda.dnn;

import java.util.Map;

/// A way to compute a graph of operations on one kind of GPU, prepared.
public final class Plan implements PreparedPlan {
    static final int KIND = 5;
    static final int ENGINE = 401;
    static final int DEVICE = 407;
    private static final int WORKSPACE = 402;
    private static final int JSON = 405;
    private static final int VARIABLES = 16;
    private static final int VARIABLE_IDS = 1000;
    private static final int VARIABLE_ADDRESSES = 1001;
    private static final int VARIABLE_WORKSPACE = 1003;

    private final Cudnn cudnn;
    private final BackendDescriptor descriptor;
    private final long workspace;

    /// @param descriptor finalized
    Plan(Cudnn cudnn, BackendDescriptor descriptor) {
        this.cudnn = cudnn;
        this.descriptor = descriptor;
        workspace = descriptor.readLongs(WORKSPACE, 1)[0];
    }

    /// A plan from its [#json()], made by the same version of the library for the same GPU.
    ///
    /// @throws dev.cathode.kernels.cuda.library.CudaException if the library does not take it
    public static Plan of(Cudnn cudnn, DeviceDescription device, String json) {
        BackendDescriptor descriptor = new BackendDescriptor(cudnn, KIND);
        try {
            return new Plan(cudnn, descriptor.descriptors(DEVICE, device.descriptor()).text(JSON, json).finish());
        } catch (RuntimeException e) {
            descriptor.close();
            throw e;
        }
    }

    @Override
    public long workspace() {
        return workspace;
    }

    @Override
    public String json() {
        return descriptor.readText(JSON);
    }

    /// @param addresses of all tensors that are not virtual, by their numbers
    @Override
    public void run(Cudnn.Handle handle, Map<Long, Long> addresses, long workspace) {
        long[] ids = addresses.keySet().stream().mapToLong(Long::longValue).toArray();
        long[] pointers = new long[ids.length];
        for (int i = 0; i < ids.length; i++) {
            pointers[i] = addresses.get(ids[i]);
        }
        try (BackendDescriptor variables = new BackendDescriptor(cudnn, VARIABLES)) {
            variables.longs(VARIABLE_IDS, ids).pointers(VARIABLE_ADDRESSES, pointers)
                    .pointers(VARIABLE_WORKSPACE, workspace).finish();
            handle.execute(descriptor, variables);
        }
    }

    @Override
    public void close() {
        descriptor.close();
    }
}
