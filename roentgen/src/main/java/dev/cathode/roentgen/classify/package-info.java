/// Judging chest films: a DenseNet that says of each label how probable it is.
///
/// [ClassifierConfig] is what a classifier's folder says of it, [ClassifierPredictor] judges pictures,
/// [ClassifierTrainer] makes it. It learns from [LabelledImages]: [FilmLabels] are CheXpert's labels and sides.
package dev.cathode.roentgen.classify;
