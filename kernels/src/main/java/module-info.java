/// Computation on memory: kernels for the CPU and for NVIDIA GPUs that know nothing of graphs or models.
module dev.cathode.kernels {
    requires jdk.incubator.vector;
    requires java.management;

    exports dev.cathode.kernels.cpu;
    exports dev.cathode.kernels.cuda;
}
