package dev.cathode.roentgen.data;

/// The official parts of MIMIC-CXR-JPG; no patient is in two of them.
public enum Split {
    TRAIN, VALIDATE, TEST
}
