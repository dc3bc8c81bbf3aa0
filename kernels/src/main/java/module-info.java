/// Computation on memory: kernels for the CPU and for NVIDIA GPUs that know nothing of graphs or models.
module dev.cathode.kernels {
    requires jdk.incubator.vector;
    requires java.management;

    exports dev.cathode.kernels.cpu;
    exports dev.cathode.kernels.cuda;
    exports dev.cathode.kernels.cuda.blas;
    exports dev.cathode.kernels.cuda.cache;
    exports dev.cathode.kernels.cuda.dnn;
    exports dev.cathode.kernels.cuda.driver;
    exports dev.cathode.kernels.cuda.gpu;
    exports dev.cathode.kernels.cuda.inventory;
    exports dev.cathode.kernels.cuda.library;
    exports dev.cathode.kernels.cuda.nccl;
    exports dev.cathode.kernels.cuda.nvrtc;
}
