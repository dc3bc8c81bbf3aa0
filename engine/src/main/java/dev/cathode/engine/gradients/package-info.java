/// From a graph with a loss to a graph that also computes its gradients: [dev.cathode.engine.gradients.Gradients] walks
/// back through the graph, [dev.cathode.engine.gradients.VectorJacobian] knows each operation's derivative.
package dev.cathode.engine.gradients;
