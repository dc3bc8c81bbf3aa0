/// RoentGen (arXiv 2211.12737): chest X-rays from radiology text.
module dev.cathode.roentgen {
    requires transitive dev.cathode.engine;

    exports dev.cathode.roentgen.classify;
    exports dev.cathode.roentgen.data;
}
