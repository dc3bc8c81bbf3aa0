/// The command line.
@SuppressWarnings("requires-automatic")
module dev.cathode.cli {
    requires dev.cathode.engine;
    requires dev.cathode.roentgen;
    requires info.picocli;
    requires java.desktop;
    requires java.management;
    requires jdk.incubator.vector;
    requires jdk.management;
    requires me.tongfei.progressbar;
    requires org.apache.commons.csv;
    requires tools.jackson.databind;

    opens dev.cathode.cli to info.picocli;
}
