/// What training reads: pictures with captions.
///
/// [ImageTextDataset] is what a trainer sees; [ImageFolder] is a folder of your own. What cannot be used is left out,
/// and said: each [DataProblem] names file and line.
package dev.cathode.engine.data;
