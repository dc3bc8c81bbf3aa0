package dev.cathode.engine.train.log;

/// Names of numbers and pictures, such that no log has to quote them.
final class Tags {
    private Tags() {
    }

    static String checked(String tag) {
        if (!tag.matches("[A-Za-z0-9_./-]+")) {
            throw new IllegalArgumentException("a tag is made of letters, digits and _ - . /: " + tag);
        }
        return tag;
    }
}
