package dev.cathode.roentgen.phantom;

/// What a film can show beside the healthy body.
public sealed interface Finding {
    /// An enlarged heart.
    record Cardiomegaly(Size size) implements Finding { }

    /// A wide upper mediastinum.
    record WideMediastinum() implements Finding { }

    /// Fluid around a lung; its surface climbs towards the chest wall.
    record Effusion(Side side, Size size) implements Finding { }

    /// Air around a lung.
    ///
    /// @param tension whether it pushes heart and trachea to the other side
    record Pneumothorax(Side side, Size size, boolean tension) implements Finding { }

    /// Water in both lungs, most around the hila.
    record Edema(Size size) implements Finding { }

    /// A lobe filled densely and evenly.
    record Consolidation(Lobe lobe) implements Finding { }

    /// Cloudy patches in a lobe.
    record Pneumonia(Lobe lobe) implements Finding { }

    /// Bands of collapsed lung above a raised diaphragm.
    record Atelectasis(Side side) implements Finding { }

    /// A round shadow.
    ///
    /// @param mass whether it is larger than three centimetres
    record Lesion(Lobe lobe, boolean mass) implements Finding { }

    /// A broken rib, its ends apart.
    ///
    /// @param rib from 3 to 8
    record RibFracture(Side side, int rib) implements Finding { }

    /// A broken collar bone.
    record ClavicleFracture(Side side) implements Finding { }

    /// A thick rind along the chest wall.
    record PleuralThickening(Side side) implements Finding { }

    /// A tube in the trachea.
    record EndotrachealTube() implements Finding { }

    /// A catheter from the neck (or from below the collar bone) to the right atrium's mouth.
    record CentralLine(Side side, boolean subclavian) implements Finding { }

    /// A pacemaker and its two leads.
    record Pacemaker(Side side) implements Finding { }

    /// A tube through the gullet into the stomach.
    record GastricTube() implements Finding { }
}
