package dev.cathode.roentgen.phantom.draw;

import dev.cathode.roentgen.phantom.Dice;
import dev.cathode.roentgen.phantom.Finding;
import dev.cathode.roentgen.phantom.Phantom;
import dev.cathode.roentgen.phantom.Pose;
import dev.cathode.roentgen.phantom.Radiograph;
import dev.cathode.roentgen.phantom.View;
import java.util.List;

/// Renders phantoms. The same film has the same anatomy at any size; it is drawn at the size asked for, so nothing is
/// scaled. Frontal films show the patient's right at the picture's left.
public final class PhantomRenderer {
    /// What lies in the middle of a film: height below the lungs' apex, in centimetres.
    private static final double MIDDLE = 11.4;
    /// In side view the chest lies a little before its origin.
    private static final double LATERAL_MIDDLE = -0.9;

    private PhantomRenderer() { }

    /// A film of a phantom.
    ///
    /// @param radiograph one of the phantom's
    /// @throws IllegalArgumentException if a side has less than 16 pixels
    public static GrayImage render(Phantom phantom, Radiograph radiograph, int width, int height) {
        if (Math.min(width, height) < 16) {
            throw new IllegalArgumentException("a chest film has at least 16 pixels a side, not %d×%d"
                    .formatted(width, height));
        }
        View view = radiograph.view();
        Pose pose = radiograph.pose();
        Film film = new Film(width, height, pose.field(), (view.frontal() ? 0 : LATERAL_MIDDLE) + pose.offsetX(),
                MIDDLE - pose.offsetY(), Math.tan(pose.roll()));
        long places = Dice.mix(phantom.seed(), phantom.index(), 0xd4a);
        List<Finding> findings = phantom.drawn();
        float[] density = view.frontal()
                ? new FrontalFilm(film, view, phantom.anatomy(), pose, findings, places).draw()
                : new LateralFilm(film, phantom.anatomy(), pose, findings, places).draw();
        return new GrayImage(width, height,
                Exposure.develop(film, density, view, phantom.anatomy().depth(), pose));
    }

    /// A film in its own proportions.
    ///
    /// @param shortSide pixels of the shorter side
    public static GrayImage render(Phantom phantom, Radiograph radiograph, int shortSide) {
        return render(phantom, radiograph, radiograph.width(shortSide), radiograph.height(shortSide));
    }
}
