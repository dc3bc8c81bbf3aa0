package dev.cathode.roentgen.phantom.draw;

import java.util.Arrays;

/// The pixels of a film and where in the body they lie: x from the midline to the patient's left (in side view: to the
/// back), y downwards from the lungs' apex, in centimetres. A tilt shears rows, so a row keeps one y.
final class Film {
    final int width;
    final int height;
    /// Centimetres a pixel.
    final double pixel;
    private final double left;
    private final double top;
    private final double tilt;
    private final double middle;
    /// For the tube that is being drawn: how near each pixel is to its axis, and how thick the tube is there.
    private final float[] nearness;
    private final float[] breadth;

    /// @param field the short side in centimetres
    /// @param middleX what lies in the film's middle
    /// @param tilt the tangent of the tilt
    Film(int width, int height, double field, double middleX, double middleY, double tilt) {
        this.width = width;
        this.height = height;
        this.tilt = tilt;
        this.middle = middleY;
        pixel = field / Math.min(width, height);
        left = middleX - (width - 1) / 2.0 * pixel;
        top = middleY - (height - 1) / 2.0 * pixel;
        nearness = new float[width * height];
        breadth = new float[width * height];
    }

    double y(int row) {
        return top + row * pixel;
    }

    /// The x of a row's first pixel; the next ones follow by [#pixel].
    double firstX(double y) {
        return left + tilt * (y - middle);
    }

    /// The column of a point, with fractions.
    double column(double x, double y) {
        return (x - firstX(y)) / pixel;
    }

    double row(double y) {
        return (y - top) / pixel;
    }

    /// An empty field of numbers, one for each pixel.
    float[] field() {
        return new float[width * height];
    }

    /// What a tube's cross-section holds.
    ///
    /// @param core how much of the radius is missing in the middle: 0 for a full tube, 1 for a thin shell
    record Tube(double core, double amount) {
        static final Tube FULL = new Tube(0, 1);
    }

    /// Adds a tube along a line of points to a field: the length of each ray inside it times the amount. Tubes thinner
    /// than a pixel are drawn as wide as one and fainter, so their mass stays.
    ///
    /// @param radii at the points
    /// @param weight of the points, 1 for a tube that lies in the plane of the film
    void tube(float[] field, double[] xs, double[] ys, double[] radii, double[] weight, Tube tube) {
        int firstRow = height;
        int lastRow = -1;
        int firstColumn = width;
        int lastColumn = -1;
        for (int i = 0; i + 1 < xs.length; i++) {
            double reach = (Math.max(radii[i], radii[i + 1]) + pixel) / pixel + 1;
            double c0 = column(xs[i], ys[i]);
            double c1 = column(xs[i + 1], ys[i + 1]);
            double r0 = row(ys[i]);
            double r1 = row(ys[i + 1]);
            int rowFrom = Math.max(0, (int) Math.floor(Math.min(r0, r1) - reach));
            int rowTo = Math.min(height - 1, (int) Math.ceil(Math.max(r0, r1) + reach));
            int columnFrom = Math.max(0, (int) Math.floor(Math.min(c0, c1) - reach));
            int columnTo = Math.min(width - 1, (int) Math.ceil(Math.max(c0, c1) + reach));
            if (rowFrom > rowTo || columnFrom > columnTo) {
                continue;
            }
            firstRow = Math.min(firstRow, rowFrom);
            lastRow = Math.max(lastRow, rowTo);
            firstColumn = Math.min(firstColumn, columnFrom);
            lastColumn = Math.max(lastColumn, columnTo);
            for (int row = rowFrom; row <= rowTo; row++) {
                segment(row, columnFrom, columnTo, xs, ys, radii, weight, i);
            }
        }
        for (int row = firstRow; row <= lastRow; row++) {
            for (int at = row * width + firstColumn; at <= row * width + lastColumn; at++) {
                if (nearness[at] > 0) {
                    field[at] += (float) (tube.amount * breadth[at] * profile(nearness[at], tube.core));
                }
            }
            Arrays.fill(nearness, row * width + firstColumn, row * width + lastColumn + 1, 0);
        }
    }

    private void segment(int row, int from, int to, double[] xs, double[] ys, double[] radii, double[] weight, int i) {
        double y = y(row);
        double x0 = firstX(y);
        double dx = xs[i + 1] - xs[i];
        double dy = ys[i + 1] - ys[i];
        double squared = Math.max(1e-9, dx * dx + dy * dy);
        for (int column = from; column <= to; column++) {
            double px = x0 + column * pixel - xs[i];
            double py = y - ys[i];
            double t = Math.clamp((px * dx + py * dy) / squared, 0, 1);
            double distance = (px - t * dx) * (px - t * dx) + (py - t * dy) * (py - t * dy);
            double radius = radii[i] + t * (radii[i + 1] - radii[i]);
            double wide = radius * radius + 0.36 * pixel * pixel;
            int at = row * width + column;
            float near = (float) (1 - distance / wide);
            if (near > nearness[at]) {
                nearness[at] = near;
                breadth[at] = (float) (2 * radius * radius / Math.sqrt(wide)
                        * (weight[i] + t * (weight[i + 1] - weight[i])));
            }
        }
    }

    /// The length of a ray in a tube's wall, as a share of its diameter.
    ///
    /// @param near 1 - (distance from the axis / radius)²
    private static double profile(double near, double core) {
        double hollow = core * core - 1 + near;
        return Math.sqrt(near) - (hollow > 0 ? Math.sqrt(hollow) : 0);
    }

    /// A tube of one radius in the plane of the film.
    void wire(float[] field, double[][] points, double radius, double amount) {
        double[] xs = new double[points.length];
        double[] ys = new double[points.length];
        double[] radii = new double[points.length];
        double[] weight = new double[points.length];
        for (int i = 0; i < points.length; i++) {
            xs[i] = points[i][0];
            ys[i] = points[i][1];
            radii[i] = radius;
            weight[i] = 1;
        }
        tube(field, xs, ys, radii, weight, new Tube(0, amount));
    }
}
