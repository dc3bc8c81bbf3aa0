/// Stores phantoms: as a folder laid out like MIMIC-CXR-JPG, as pictures for training, as a sheet to look at.
package dev.cathode.roentgen.phantom.files;
