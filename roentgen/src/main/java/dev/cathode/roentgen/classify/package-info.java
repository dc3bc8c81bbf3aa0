/// Judging chest films: a DenseNet that says of each label how probable it is.
///
/// [ClassifierConfig] is what a classifier's folder says of it, [ClassifierPredictor] judges pictures.
package dev.cathode.roentgen.classify;
