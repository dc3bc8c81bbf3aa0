package dev.cathode.engine.compile;

/// What a plan has to know of the kernel that computes a value.
///
/// @param workspaceBytes scratch memory it needs
/// @param rowAlignment what the address of each row must be a multiple of, if rows with gaps between them can be
///         written, as into a concatenation; 0 if they cannot
/// @param overwrites whether the result may lie where an operand was that it is computed from element by element
public record KernelNeeds(long workspaceBytes, int rowAlignment, boolean overwrites) {
    /// Whether rows can be written that begin at `offset` bytes and lie `stride` bytes apart.
    boolean writesRows(long offset, long stride) {
        return rowAlignment > 0 && offset % rowAlignment == 0 && stride % rowAlignment == 0;
    }
}
