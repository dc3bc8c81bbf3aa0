package dev.cathode.roentgen.phantom.draw;

import dev.cathode.roentgen.phantom.Anatomy;
import dev.cathode.roentgen.phantom.Pose;
import dev.cathode.roentgen.phantom.Side;

/// The shape of the chest in frontal view: its walls, the diaphragm, and how much air rays meet.
final class Thorax {
    private static final double APEX_X = 4.4;

    final Anatomy anatomy;
    final Pose pose;
    /// The tops of the diaphragm's domes, and the height of the costophrenic angles.
    private final double rightDome;
    private final double leftDome;
    private final double angle;
    /// How far findings raise a dome: right, left.
    private final double[] raised;

    Thorax(Anatomy anatomy, Pose pose, double raisedRight, double raisedLeft) {
        this.anatomy = anatomy;
        this.pose = pose;
        raised = new double[] {raisedRight, raisedLeft};
        rightDome = anatomy.lungHeight() * pose.breath();
        leftDome = rightDome + anatomy.domeStep();
        angle = rightDome + 4.6 * anatomy.lungHeight() / 21;
    }

    /// The spine's x.
    double midline(double y) {
        return anatomy.scoliosis() * Math.sin((y - 2) * 0.2) - 5 * pose.yaw();
    }

    /// The inner chest wall's distance from the midline.
    double wall(double y) {
        double u = Math.clamp(y / angle, 0, 1.12);
        double rest = 1 - Math.pow(Math.max(0, 1 - u), 2.3);
        double widest = anatomy.thoraxWidth() - 0.9 * Soft.step(0.85, 1.25, u);
        return APEX_X + (widest - APEX_X) * Math.pow(rest, 0.56);
    }

    /// The top of a lung dome's edge is where the wall's and the mediastinum's lines meet.
    double medial(double y) {
        return 0.8 + 3.5 * Math.exp(-Math.max(0, y) / 0.7);
    }

    /// The longest way of a ray through one lung at a height.
    double lungDepth(double y) {
        return (anatomy.depth() - 5.5) * (0.34 + 0.66 * Soft.step(-1, 13, y));
    }

    /// The dome of a side at its highest.
    double domeTop(Side side) {
        return (side == Side.RIGHT ? rightDome : leftDome) - raised[side == Side.RIGHT ? 0 : 1];
    }

    /// The height of the costophrenic angle.
    double costophrenic() {
        return angle;
    }

    /// The upper surface of the diaphragm.
    ///
    /// @param away distance from the midline
    double dome(Side side, double away) {
        double top = domeTop(side);
        double summit = 0.46 * anatomy.thoraxWidth();
        double t = away - summit;
        if (t < 0) {
            return top + 1.5 * t * t / (summit * summit);
        }
        double u = t / (anatomy.thoraxWidth() - summit);
        double fall = angle + 0.4 - top;
        return top + fall * (0.35 * u * u + 0.65 * u * u * u * u);
    }

    /// What is the same along a row of pixels.
    record Level(double y, double wall, double medial, double lungDepth) { }

    Level level(double y) {
        return new Level(y, wall(y), medial(y), lungDepth(y));
    }

    /// The air that a ray meets in a healthy lung.
    double air(Level level, Side side, double away, double blur) {
        double y = level.y;
        double wall = level.wall;
        double t = away / wall;
        if (y < -0.3 || t > 1.02) {
            return 0;
        }
        double lateral = Soft.root(1 - t * t * t, 0.02 + blur / wall);
        double medial = Soft.step(-1.6, 2.6, away - level.medial);
        double apex = Soft.edge(y + 0.15, 1.6);
        double below = y - dome(side, away);
        double edge = Soft.step(-0.1 - blur, 0.1 + blur, below);
        double recess = Math.clamp(1 - below / 5, 0, 1);
        return level.lungDepth * lateral * medial * apex * (1 - edge + edge * 0.3 * recess * recess);
    }

    /// Whether a point lies in front of a lung: 1 inside its outline above the diaphragm, 0 outside.
    double inside(Level level, Side side, double away) {
        return Soft.step(0, 0.5, level.wall - away) * Soft.step(-0.3, 0.8, away - level.medial)
                * Soft.step(-0.2, 0.5, level.y) * Soft.step(0.4, -0.2, level.y - dome(side, away));
    }
}
