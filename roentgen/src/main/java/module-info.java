/// RoentGen (arXiv 2211.12737): chest X-rays from radiology text.
module dev.cathode.roentgen {
    requires transitive dev.cathode.engine;
    requires java.desktop;

    exports dev.cathode.roentgen.classify;
    exports dev.cathode.roentgen.data;
    exports dev.cathode.roentgen.experiment;
    exports dev.cathode.roentgen.phantom;
    exports dev.cathode.roentgen.phantom.draw;
    exports dev.cathode.roentgen.phantom.files;
}
