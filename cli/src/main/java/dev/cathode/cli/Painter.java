package dev.cathode.cli;

import dev.cathode.engine.diffusion.GeneratedImage;

/// Turns recipes into pictures: the seam between the command and the engine.
interface Painter extends AutoCloseable {
    /// The size of a picture if nobody asks for another.
    ImageSize defaultSize();

    /// Sees whether a picture can be made, without making it.
    ///
    /// @param index which of the pictures of this command it is, from 0: initial latents are given by number
    /// @throws IllegalArgumentException if not
    void check(Recipe recipe, int index);

    /// Makes one picture.
    ///
    /// @param index as above
    /// @param last whether no picture follows: what only another one would need may leave memory
    /// @param bar is told of every step
    GeneratedImage paint(Recipe recipe, int index, boolean last, Progress.Bar bar);

    @Override
    void close();
}
