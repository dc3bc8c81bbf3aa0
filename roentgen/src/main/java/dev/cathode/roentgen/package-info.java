/// RoentGen (arXiv 2211.12737) on top of the engine.
package dev.cathode.roentgen;
