package dev.cathode.roentgen.phantom.draw;

import dev.cathode.roentgen.phantom.Anatomy;

/// Heart and great vessels in frontal view.
final class Heart {
    private final Ellipsoid[] parts;
    private final double shift;
    private final double widening;
    private final double top;
    private final double bottom;

    /// @param ratio width of the heart over the inner width of the chest
    /// @param shift how far it is pushed to the patient's left
    /// @param widening of the upper mediastinum on each side
    /// @param floor the height of the diaphragm under it
    Heart(Anatomy anatomy, double ratio, double shift, double widening, double floor) {
        this.shift = shift;
        this.widening = widening;
        double width = ratio * 2 * anatomy.thoraxWidth();
        double right = -0.32 * width;
        double left = 0.68 * width;
        double grown = Math.max(0, ratio - 0.45) * 10; // 0 for a healthy heart, about 2 for a huge one
        double low = floor + 0.3;
        double size = width / 12.3;
        double height = 4.7 * (0.55 + 0.45 * size);
        double aorta = anatomy.aorta();
        parts = new Ellipsoid[] {
            // left ventricle, lying on the diaphragm
            new Ellipsoid(left - 6.05 * size, low - 0.92 * height, 6.8 * size, 4.9 * size, 0.68, 14 + grown),
            // right atrium
            new Ellipsoid(right + 3.6 + 0.2 * grown, low - 0.75 * height, 3.6 + 0.2 * grown,
                    4.9 + 0.6 * grown, 0, 10.5),
            // body of both between them
            new Ellipsoid(0.8, low - 0.3 * height, 4.6 * size, 4.4, 0.1, 11),
            // left atrium's ear and pulmonary trunk
            new Ellipsoid(1.9 + 0.2 * grown, low - 2.2 * height, 2.1 + 0.2 * grown, 2.6, 0.2, 8),
            // aortic knob
            new Ellipsoid(1.5 + 0.3 * aorta, 6.3, 1.05 * aorta + 0.3 * widening, 1.15 * aorta, 0.15, 7.5),
            // descending aorta
            new Ellipsoid(1.4, 14, 1.15, 9.5, 0.02, 3),
            // superior caval vein and ascending aorta
            new Ellipsoid(-1.3, 8.2, 1.55 + 0.6 * widening, 6.6, 0.03, 7),
            // vessels of the neck
            new Ellipsoid(0, 3, 2.3 + 0.8 * widening, 5, 0, 6),
            // what fills the middle
            new Ellipsoid(0.3, 10, 2.0 + widening, 9, 0, 9)};
        top = -3;
        bottom = low + 0.5 * height;
    }

    /// The water in a ray's way.
    double thickness(double x, double y, double blur) {
        if (y < top || y > bottom + 6) {
            return 0;
        }
        double sum = 0;
        double moved = x - shift * Soft.step(-2, 10, y);
        for (Ellipsoid part : parts) {
            double chord = part.chord(moved, y, blur);
            sum += chord * chord * chord;
        }
        return Math.cbrt(sum);
    }
}
