/// The diffusion engine; it knows nothing of chests.
@SuppressWarnings("requires-automatic")
module dev.cathode.engine {
    requires transitive dev.cathode.kernels;
    requires transitive dev.cathode.weights;
    requires transitive tools.jackson.databind;
    requires com.google.protobuf;
    requires java.desktop;
    requires org.apache.commons.csv;
    requires org.slf4j;
    requires tools.jackson.dataformat.yaml;

    exports dev.cathode.engine.benchmark;
    exports dev.cathode.engine.compile;
    exports dev.cathode.engine.data;
    exports dev.cathode.engine.diffusion.schedulers;
    exports dev.cathode.engine.diffusion;
    exports dev.cathode.engine.evaluation;
    exports dev.cathode.engine.gradients;
    exports dev.cathode.engine.graph;
    exports dev.cathode.engine.image;
    exports dev.cathode.engine.models;
    exports dev.cathode.engine.nn;
    exports dev.cathode.engine.random;
    exports dev.cathode.engine.runtime.cpu;
    exports dev.cathode.engine.runtime.cuda;
    exports dev.cathode.engine.runtime;
    exports dev.cathode.engine.text;
    exports dev.cathode.engine.train;
    exports dev.cathode.engine.train.log;
    exports dev.cathode.engine.train.recipe;
}
