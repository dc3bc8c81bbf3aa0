/// From a graph to a plan: what is not needed goes, what can be one kernel becomes one, and every value gets its place
/// in one arena before anything runs.
///
/// In reading order: [dev.cathode.engine.compile.Fusion], [dev.cathode.engine.compile.Schedule],
/// [dev.cathode.engine.compile.Placements] (which values share memory), [dev.cathode.engine.compile.MemoryPlan].
///
/// A device that computes on 16-bit numbers asks for [dev.cathode.engine.compile.HalfPrecision]. Only training asks for
/// [dev.cathode.engine.compile.Recompute] and [dev.cathode.engine.compile.MixedPrecision].
/// Passes fill a [dev.cathode.engine.compile.GraphCopy].
package dev.cathode.engine.compile;
