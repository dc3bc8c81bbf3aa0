/// The command line.
module dev.cathode.cli {
    requires dev.cathode.engine;
    requires dev.cathode.roentgen;
    requires info.picocli;
}
