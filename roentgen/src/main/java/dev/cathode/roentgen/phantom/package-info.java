/// Chest films that nobody lies on: patients, findings, wording and labels, each drawn from a seed and a number.
///
/// What is drawn lives in [dev.cathode.roentgen.phantom.draw], how sets of films are stored in
/// [dev.cathode.roentgen.phantom.files].
package dev.cathode.roentgen.phantom;
