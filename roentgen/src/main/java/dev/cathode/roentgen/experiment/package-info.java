/// Experiments that say how good a model is.
///
/// [FilmJudgement] is what a classifier says of films beside what is true, [SyntheticFilms] are films that a model
/// makes of impressions, [RandomUNet] is a model to compare with that has learned nothing.
package dev.cathode.roentgen.experiment;
