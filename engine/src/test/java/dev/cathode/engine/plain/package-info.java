/// Kernels written as their formulas: one loop per index, sums in double precision. They are what the tests of networks
/// compare the fast kernels' results with when a golden fails: if the formulas pass, the network is right.
package dev.cathode.engine.plain;
