/// Draws phantoms: thicknesses of water, air and bone along each ray, summed, exposed and developed.
package dev.cathode.roentgen.phantom.draw;
