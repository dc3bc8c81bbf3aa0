package dev.cathode.cli;

import dev.cathode.engine.image.ImageFormat;
import java.nio.file.Path;

/// A picture to be made.
///
/// @param file where it goes
/// @param anySeed whether nobody asked for its seed: a finished file with another one is as good
record Picture(Path file, ImageFormat format, Recipe recipe, boolean anySeed) { }
