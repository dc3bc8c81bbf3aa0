package dev.cathode.kernels.cuda;

import dev.cathode.kernels.cpu.Rearrangement.Filter;
import dev.cathode.kernels.cpu.Rearrangement.Window;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CudaResampleTest extends ShimTest {
    private CudaResample.Table upload(ResampleTable table) {
        return new CudaResample.Table(device.uploadInts(table.first()),
                device.upload(Element.FLOAT32, table.weights()), table.taps(), table.first().length);
    }

    private record Pair(String name, ResampleTable rows, ResampleTable columns) { }

    /// What is checked here is the kernel and the transposition; the tables themselves are compared with plain formulas
    /// below, and in the tests of the CPU's kernels.
    @ParameterizedTest
    @EnumSource
    void resamplesAndGradients(Element element) {
        var kernels = new CudaResample(device, element);
        for (Pair pair : List.of(
                new Pair("nearest", ResampleTable.nearest(4, 8), ResampleTable.nearest(3, 7)),
                new Pair("window", ResampleTable.window(7, 3, 2, 1, false), ResampleTable.window(6, 2, 2, 0, true)),
                new Pair("adaptive", ResampleTable.adaptive(7, 3), ResampleTable.adaptive(5, 1)),
                new Pair("bilinear", ResampleTable.smooth(Filter.BILINEAR, false, 5, 8),
                        ResampleTable.smooth(Filter.BILINEAR, true, 9, 4)),
                new Pair("bicubic", ResampleTable.smooth(Filter.BICUBIC, true, 9, 4),
                        ResampleTable.smooth(Filter.BICUBIC, false, 4, 9)))) {
            for (int channels : new int[] {3, 16}) {
                int batch = 2;
                int height = pair.rows.size();
                int width = pair.columns.size();
                int outHeight = pair.rows.first().length;
                int outWidth = pair.columns.first().length;
                int count = batch * height * width * channels;
                int outCount = batch * outHeight * outWidth * channels;
                float[] x = Numbers.normal(element, count, 1);
                float[] dy = Numbers.normal(element, outCount, 2);
                double[] y = new double[outCount];
                double[] dx = new double[count];
                for (int i = 0; i < outCount; i++) {
                    int pixel = i / channels;
                    int row = pixel / outWidth % outHeight;
                    int column = pixel % outWidth;
                    for (int r = 0; r < pair.rows.taps(); r++) {
                        for (int c = 0; c < pair.columns.taps(); c++) {
                            double weight = (double) pair.rows.weights()[row * pair.rows.taps() + r]
                                    * pair.columns.weights()[column * pair.columns.taps() + c];
                            if (weight != 0) {
                                int from = ((pixel / outWidth / outHeight * height + pair.rows.first()[row] + r) * width
                                        + pair.columns.first()[column] + c) * channels + i % channels;
                                y[i] += weight * x[from];
                                dx[from] += weight * dy[i];
                            }
                        }
                    }
                }
                String name = "[2, " + height + ", " + width + ", " + channels + "]";
                long out = device.allocate((long) outCount * element.bytes());
                kernels.resample(device.upload(element, x), out, upload(pair.rows), upload(pair.columns), batch, height,
                        width, channels);
                check("resample " + pair.name, element, name, y, out, 20, 4);
                long back = device.allocate((long) count * element.bytes());
                kernels.resample(device.upload(element, dy), back, upload(pair.rows.transposed()),
                        upload(pair.columns.transposed()), batch, outHeight, outWidth, channels);
                check("resampleGradient " + pair.name, element, name, dx, back, 20, 8);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void upsampling(Element element) {
        var kernels = new CudaResample(device, element);
        for (int[] s : new int[][] {{1, 1, 1, 1}, {2, 3, 5, 7}, {1, 4, 3, 24}}) {
            int channels = s[3];
            int count = s[0] * s[1] * s[2] * channels;
            float[] x = Numbers.normal(element, count, 3);
            float[] dy = Numbers.normal(element, 4 * count, 4);
            float[] y = new float[4 * count];
            double[] dx = new double[count];
            for (int i = 0; i < y.length; i++) {
                int pixel = i / channels;
                int line = pixel / (2 * s[2]); // of all images: twice as many as before
                int from = (line / 2 * s[2] + pixel % (2 * s[2]) / 2) * channels + i % channels;
                y[i] = x[from];
                dx[from] += dy[i];
            }
            long out = device.allocate(4L * count * element.bytes());
            kernels.upsample(device.upload(element, x), out, s[0], s[1], s[2], channels);
            checkExact("upsample", element, Arrays.toString(s), y, out);
            long back = device.allocate((long) count * element.bytes());
            kernels.upsampleGradient(device.upload(element, dy), back, s[0], s[1], s[2], channels);
            check("upsampleGradient", element, Arrays.toString(s), dx, back, 4, 4);
        }
    }

    @ParameterizedTest
    @EnumSource
    void maximumPooling(Element element) {
        var kernels = new CudaResample(device, element);
        for (Window w : new Window[] {new Window(3, 3, 2, 2, 1, 1), new Window(2, 2, 2, 2, 0, 0),
            new Window(3, 2, 1, 3, 1, 0)}) {
            int height = 7;
            int width = 6;
            int channels = 5;
            float[] x = Numbers.normal(element, 2 * height * width * channels, 5);
            for (int i = 0; i < x.length; i++) {
                x[i] = Math.round(x[i] * 2); // many equal ones: the first takes the gradient
            }
            int outHeight = (height + 2 * w.padHeight() - w.kernelHeight()) / w.strideHeight() + 1;
            int outWidth = (width + 2 * w.padWidth() - w.kernelWidth()) / w.strideWidth() + 1;
            float[] y = new float[2 * outHeight * outWidth * channels];
            float[] dy = Numbers.normal(element, y.length, 6);
            double[] dx = new double[x.length];
            for (int i = 0; i < y.length; i++) {
                int pixel = i / channels;
                int top = pixel / outWidth % outHeight * w.strideHeight() - w.padHeight();
                int left = pixel % outWidth * w.strideWidth() - w.padWidth();
                int best = -1;
                for (int h = Math.max(0, top); h < Math.min(height, top + w.kernelHeight()); h++) {
                    for (int c = Math.max(0, left); c < Math.min(width, left + w.kernelWidth()); c++) {
                        int at = ((pixel / outWidth / outHeight * height + h) * width + c) * channels + i % channels;
                        best = best < 0 || x[at] > x[best] ? at : best;
                    }
                }
                y[i] = x[best];
                dx[best] += dy[i];
            }
            long in = device.upload(element, x);
            long out = device.allocate((long) y.length * element.bytes());
            kernels.maxPool(in, out, 2, height, width, channels, w);
            checkExact("maxPool", element, w.toString(), y, out);
            long back = device.allocate((long) x.length * element.bytes());
            kernels.maxPoolGradient(in, device.upload(element, dy), back, 2, height, width, channels, w);
            check("maxPoolGradient", element, w.toString(), dx, back, 8, 8);
        }
    }
}
