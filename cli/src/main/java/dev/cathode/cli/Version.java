package dev.cathode.cli;

import picocli.CommandLine.IVersionProvider;

/// What `--version` prints: this program, the Java runtime, the system.
final class Version implements IVersionProvider {
    /// The version in the jar's manifest; classes outside a jar are "development".
    static String number() {
        String version = Version.class.getPackage().getImplementationVersion();
        return version == null ? "development" : version;
    }

    @Override
    public String[] getVersion() {
        return new String[] {
            "cathode " + number(),
            "Java " + property("java.runtime.version") + " (" + property("java.vendor") + "), "
                    + property("java.home"),
            property("os.name") + " " + property("os.version") + ", " + property("os.arch")};
    }

    private static String property(String name) {
        return System.getProperty(name);
    }
}
