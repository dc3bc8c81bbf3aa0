/// What training says about itself while it runs: [TrainingLog] and where it goes.
///
/// `log.csv` has a row a step, TensorBoard's event files scalars and pictures. A run that goes on from a checkpoint
/// leaves the logs of an undisturbed one, except for the times.
package dev.cathode.engine.train.log;
