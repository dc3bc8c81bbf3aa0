package dev.cathode.roentgen.phantom.draw;

/// Steps and roots without corners, so that edges do not alias.
final class Soft {
    private Soft() { }

    /// 0 below `from`, 1 above `to`, smooth between them. `from` may be the larger one.
    static double step(double from, double to, double value) {
        double t = Math.clamp((value - from) / (to - from), 0, 1);
        return t * t * (3 - 2 * t);
    }

    /// The square root of a number's positive part, its corner rounded over `width`.
    static double root(double value, double width) {
        double positive = 0.5 * (value + Math.sqrt(value * value + width * width));
        return value < -8 * width ? 0 : Math.sqrt(positive);
    }

    /// How a rounded edge grows: 0 at the edge, 1 from `radius` inwards, like a quarter of a circle.
    static double edge(double inside, double radius) {
        if (inside <= 0) {
            return 0;
        }
        double rest = 1 - Math.min(1, inside / radius);
        return Math.sqrt(1 - rest * rest);
    }
}
