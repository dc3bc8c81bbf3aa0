/// The graph: what a network computes, before anybody says how.
///
/// In reading order: [dev.cathode.engine.graph.Shape], [dev.cathode.engine.graph.Op] (every operation there is),
/// [dev.cathode.engine.graph.Value] and [dev.cathode.engine.graph.Graph], the functions of
/// [dev.cathode.engine.graph.Ops] that model code calls, shape inference,
/// [dev.cathode.engine.graph.Costs], and a printer.
package dev.cathode.engine.graph;
