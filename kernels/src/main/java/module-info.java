/// Computation on memory: CPU kernels that know nothing of graphs or models.
module dev.cathode.kernels {
    requires jdk.incubator.vector;
    requires java.management;

    exports dev.cathode.kernels.cpu;
}
