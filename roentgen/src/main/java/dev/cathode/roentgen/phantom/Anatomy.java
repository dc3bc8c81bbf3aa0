package dev.cathode.roentgen.phantom;

/// The body of a patient, in centimetres. Heights are measured downwards from the lungs' apex.
///
/// @param female whether breasts are drawn
/// @param thoraxWidth from the inner chest wall to the midline, where the chest is widest
/// @param lungHeight from the apex to the right dome of the diaphragm, after a full breath
/// @param depth of the trunk, front to back
/// @param wall thickness of the chest wall at the side
/// @param heartRatio width of the heart over that of the chest, of a healthy heart
/// @param aorta radius of the aortic knob
/// @param domeStep how much lower the left dome stands
/// @param ribDrop how steeply ribs fall, 1 on average
/// @param kyphosis how much the spine bends in side view
/// @param scoliosis how much it bends in frontal view
/// @param lungDensity of air-filled lung, water 1
/// @param details the seed of everything small: vessels, ribs, texture
public record Anatomy(boolean female, double thoraxWidth, double lungHeight, double depth, double wall,
        double heartRatio, double aorta, double domeStep, double ribDrop, double kyphosis, double scoliosis,
        double lungDensity, long details) {

    /// A patient.
    public static Anatomy of(Dice dice) {
        boolean female = dice.chance(0.47);
        double scale = dice.around(female ? 0.94 : 1.02, 0.035);
        double habitus = dice.around(0, 1);
        return new Anatomy(female,
                scale * dice.around(13.9, 0.45),
                scale * dice.around(21.3, 0.7),
                scale * (21.5 + 1.1 * habitus),
                Math.max(1.6, 2.6 + 0.55 * habitus),
                dice.between(0.40, 0.475),
                dice.between(1.45, 1.95),
                dice.between(0.5, 1.9),
                dice.around(1, 0.1),
                dice.between(0.4, 1.6),
                dice.around(0, 0.35),
                dice.between(0.2, 0.26),
                dice.bits());
    }
}
