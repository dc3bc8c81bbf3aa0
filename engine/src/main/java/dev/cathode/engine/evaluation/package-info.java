/// How well results agree with the truth.
///
/// [ScoredLabels] are what a classifier said about some labels of some pictures, and what is true;
/// [RocAuc], [AveragePrecision] and [BinaryOutcomes] judge one label.
package dev.cathode.engine.evaluation;
