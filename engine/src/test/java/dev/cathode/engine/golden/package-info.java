/// Networks beside their reference numbers: [dev.cathode.engine.golden.GoldenNetwork] runs and compares,
/// [dev.cathode.engine.golden.OpsCase] is a graph of one operation, [dev.cathode.engine.golden.HashedWeights] are the
/// weights of full-size networks.
package dev.cathode.engine.golden;
