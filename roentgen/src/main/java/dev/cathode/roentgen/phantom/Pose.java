package dev.cathode.roentgen.phantom;

/// How a patient stands before the film, and how the film is exposed.
///
/// @param yaw turn around the body's axis in radians; positive moves what lies in front to the patient's left
/// @param roll tilt in the plane of the film, in radians
/// @param breath 1 after a full breath, less after a shallow one
/// @param offsetX where the midline lies, in centimetres from the film's middle
/// @param offsetY how much lower than usual the patient is placed, in centimetres
/// @param field the short side of the film in centimetres
/// @param exposure how much brighter the film is than usual, in centimetres of water
/// @param contrast 1 on average
/// @param noise strength of quantum noise, 1 on average
/// @param shutterX how much of the film is dark at its sides, behind the shutters that narrow the beam, in centimetres
/// @param shutterY the same above and below
/// @param seed of the noise
public record Pose(double yaw, double roll, double breath, double offsetX, double offsetY, double field,
        double exposure, double contrast, double noise, double shutterX, double shutterY, long seed) {

    /// A pose for a film.
    ///
    /// @param shallow whether the patient could not breathe in well
    public static Pose of(View view, boolean shallow, Dice dice) {
        boolean lying = view == View.AP;
        double breath = shallow ? dice.between(0.76, 0.83) : dice.between(lying ? 0.9 : 0.96, lying ? 1 : 1.04);
        return new Pose(
                dice.around(0, lying ? 0.05 : 0.025),
                dice.around(0, lying ? 0.022 : 0.012),
                breath,
                dice.around(0, 0.5),
                dice.around(0, 0.6),
                dice.around(lying ? 35.2 : 36.2, 0.8),
                dice.around(0, 0.6),
                dice.around(1, 0.07),
                dice.between(0.7, lying ? 1.8 : 1.3),
                dice.chance(lying ? 0.4 : 0.15) ? dice.between(0.2, 1.2) : -1,
                dice.chance(lying ? 0.3 : 0.15) ? dice.between(0.2, 1.4) : -1,
                dice.bits());
    }
}
