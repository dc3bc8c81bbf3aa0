package dev.cathode.roentgen.phantom.draw;

import dev.cathode.roentgen.phantom.Anatomy;
import dev.cathode.roentgen.phantom.Finding;
import dev.cathode.roentgen.phantom.Side;
import dev.cathode.roentgen.phantom.Size;
import dev.cathode.roentgen.phantom.View;
import java.util.List;

/// How findings change the shape of the chest.
///
/// @param heartRatio width of the heart over that of the chest, as the view shows it
/// @param shift of heart and trachea to the patient's left, in centimetres
/// @param widening of the mediastinum on each side
/// @param raisedRight how much higher the right dome stands
record FrontalChanges(double heartRatio, double shift, double widening, double raisedRight, double raisedLeft) {

    static FrontalChanges of(Anatomy anatomy, View view, List<Finding> findings) {
        double ratio = anatomy.heartRatio();
        double shift = 0;
        double widening = 0;
        double[] raised = new double[2];
        for (Finding finding : findings) {
            switch (finding) {
                case Finding.Cardiomegaly f -> ratio = switch (f.size()) {
                    case SMALL -> 0.575;
                    case MODERATE -> 0.635;
                    case LARGE -> 0.71;
                } + 0.3 * (anatomy.heartRatio() - 0.44);
                case Finding.WideMediastinum f -> widening = 2.4;
                case Finding.Atelectasis f -> {
                    raised[f.side() == Side.RIGHT ? 0 : 1] = 1.6;
                    shift += 0.5 * f.side().sign();
                }
                case Finding.Effusion f when f.size() == Size.LARGE -> shift -= 1.4 * f.side().sign();
                case Finding.Pneumothorax f when f.tension() -> shift -= 2.6 * f.side().sign();
                default -> { }
            }
        }
        return new FrontalChanges(ratio * (view == View.AP ? 1.05 : 1), shift, widening, raised[0], raised[1]);
    }
}
