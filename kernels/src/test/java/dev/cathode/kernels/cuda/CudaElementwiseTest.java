package dev.cathode.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.cathode.kernels.cpu.Activation;
import dev.cathode.kernels.cpu.Elementwise.Binary;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CudaElementwiseTest extends ShimTest {
    private static final int[] COUNTS = {1, 7, 8, 61, 5000};

    @ParameterizedTest
    @EnumSource
    void activations(Element element) {
        var kernels = new CudaElementwise(device, element);
        for (Activation activation : Activation.values()) {
            for (int count : new int[] {13, 2048 + 5}) {
                float[] x = Numbers.normal(element, count, 1, 0, 3);
                float[] dy = Numbers.normal(element, count, 2);
                long in = device.upload(element, x);
                long gradient = device.upload(element, dy);
                long y = device.allocate((long) count * element.bytes());
                long dx = device.allocate((long) count * element.bytes());
                kernels.activate(activation, in, y, count);
                kernels.activateGradient(activation, in, gradient, dx, count);
                double[] expected = new double[count];
                double[] expectedGradient = new double[count];
                for (int i = 0; i < count; i++) {
                    expected[i] = Formulas.activated(activation, x[i]);
                    expectedGradient[i] = dy[i] * Formulas.derivative(activation, x[i]);
                }
                // exp(x) of |x| up to 12 carries x's rounding into the result; differences are good to 1e-10
                check("activate " + activation, element, "[" + count + "]", expected, y, 16, 1);
                check("activateGradient " + activation, element, "[" + count + "]", expectedGradient, dx, 24, 4);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void simpleFunctions(Element element) {
        var kernels = new CudaElementwise(device, element);
        for (int count : COUNTS) {
            for (int skew : new int[] {0, element.bytes()}) { // the second is not aligned to 16 bytes
                float[] a = Numbers.normal(element, count, 3);
                float[] b = Numbers.normal(element, count, 4, 3, 0.5);
                long left = device.uploadSkewed(element, skew, a);
                long right = device.uploadSkewed(element, skew, b);
                for (Binary operation : Binary.values()) {
                    long y = device.allocate((long) count * element.bytes(), skew);
                    double[] expected = new double[count];
                    for (int i = 0; i < count; i++) {
                        expected[i] = combined(operation, a[i], b[i]);
                    }
                    launch(y, (long) count * element.bytes(), () -> kernels.binary(operation, left, right, y, count));
                    check("binary " + operation, element, "[" + count + "]+" + skew, expected, y, 1, 0);
                }
                long y = device.allocate((long) count * element.bytes(), skew);
                kernels.fill(-2.5f, y, count);
                double[] expected = new double[count];
                Arrays.fill(expected, -2.5);
                check("fill", element, "[" + count + "]+" + skew, expected, y, 0, 0);
                kernels.affine(1.5f, -0.25f, left, left, count); // in place
                for (int i = 0; i < count; i++) {
                    expected[i] = 1.5 * a[i] - 0.25;
                }
                check("affine", element, "[" + count + "]+" + skew, expected, left, 2, 1);
            }
        }
    }

    private static double combined(Binary operation, double a, double b) {
        return switch (operation) {
            case ADD -> a + b;
            case SUBTRACT -> a - b;
            case MULTIPLY -> a * b;
            case DIVIDE -> a / b;
        };
    }

    @ParameterizedTest
    @EnumSource
    void broadcasts(Element element) {
        var kernels = new CudaElementwise(device, element);
        for (int[] shape : new int[][] {{1, 1, 1}, {1, 17, 5}, {3, 4, 16}, {2, 40, 1}, {5, 1, 7}, {2, 31, 33},
            {4, 7, 1}}) {
            int outer = shape[0];
            int middle = shape[1];
            int inner = shape[2];
            int count = outer * middle * inner;
            float[] a = Numbers.normal(element, count, 5);
            float[] b = Numbers.normal(element, outer * inner, 6);
            long left = device.upload(element, a);
            long right = device.upload(element, b);
            for (Binary operation : new Binary[] {Binary.ADD, Binary.MULTIPLY}) {
                long y = device.allocate((long) count * element.bytes());
                kernels.broadcast(operation, left, right, y, outer, middle, inner);
                double[] expected = new double[count];
                for (int i = 0; i < count; i++) {
                    expected[i] = combined(operation, a[i], b[i / middle / inner * inner + i % inner]);
                }
                check("broadcast " + operation, element, Arrays.toString(shape), expected, y, 1, 1);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void geglu(Element element) {
        var kernels = new CudaElementwise(device, element);
        for (int[] shape : new int[][] {{1, 1}, {3, 5}, {7, 16}, {33, 40}, {2, 1031}}) {
            int rows = shape[0];
            int columns = shape[1];
            float[] x = Numbers.normal(element, 2 * rows * columns, 7, 0, 2);
            float[] dy = Numbers.normal(element, rows * columns, 8);
            long in = device.upload(element, x);
            long gradient = device.upload(element, dy);
            long y = device.allocate((long) rows * columns * element.bytes());
            long dx = device.allocate(2L * rows * columns * element.bytes());
            kernels.geglu(in, y, rows, columns);
            kernels.gegluGradient(in, gradient, dx, rows, columns);
            double[] expected = new double[rows * columns];
            double[] expectedGradient = new double[2 * rows * columns];
            for (int i = 0; i < expected.length; i++) {
                int at = i / columns * 2 * columns + i % columns;
                expected[i] = x[at] * Formulas.activated(Activation.GELU, x[at + columns]);
                expectedGradient[at] = dy[i] * Formulas.activated(Activation.GELU, x[at + columns]);
                expectedGradient[at + columns] = dy[i] * x[at] * Formulas.derivative(Activation.GELU, x[at + columns]);
            }
            check("geglu", element, Arrays.toString(shape), expected, y, 16, 4);
            check("gegluGradient", element, Arrays.toString(shape), expectedGradient, dx, 16, 8);
        }
    }

    @ParameterizedTest
    @EnumSource
    void casts(Element from) {
        for (Element to : Element.values()) {
            for (int count : new int[] {1, 8, 67, 3001}) {
                float[] x = Numbers.normal(from, count, 9, 0, 100);
                long in = device.upload(from, x);
                long y = device.allocate((long) count * to.bytes());
                new CudaElementwise(device, from).cast(in, to, y, count);
                float[] expected = new float[count];
                for (int i = 0; i < count; i++) {
                    expected[i] = Numbers.round(to, x[i]);
                }
                checkExact("cast from " + from, to, "[" + count + "]", expected, y);
            }
        }
    }

    @Test
    void castsRoundToNearestEvenAtEveryEdge() {
        float[] x = {0f, -0f, 1f, 0x1.01p0f, 0x1.03p0f, 0x1.0101p0f, 65504f, 65519f, 65520f, 1e-8f, 0x1p-25f,
            0x1.8p-25f, 0x1p-24f, 3e-6f, 6.1e-5f, 3.4e38f, Float.MAX_VALUE, Float.POSITIVE_INFINITY, -1e30f, 0x1.002p0f,
            0x1.006p0f, 0x1p-14f, 0x1.ffcp-15f};
        for (Element to : new Element[] {Element.BFLOAT16, Element.FLOAT16}) {
            long in = device.upload(Element.FLOAT32, x);
            long y = device.allocate((long) x.length * 2);
            new CudaElementwise(device, Element.FLOAT32).cast(in, to, y, x.length);
            float[] expected = new float[x.length];
            for (int i = 0; i < x.length; i++) {
                expected[i] = Numbers.round(to, x[i]);
            }
            checkExact("cast edges", to, "[" + x.length + "]", expected, y);
        }
    }

    @Test
    void integers() {
        int[] ids = {0, -3, 7, 1 << 24, 49407};
        long in = device.uploadInts(ids);
        long y = device.allocate(20);
        var kernels = new CudaElementwise(device, Element.FLOAT32);
        kernels.castFromInts(in, y, 5);
        checkExact("castFromInts", Element.FLOAT32, "[5]", new float[] {0, -3, 7, 1 << 24, 49407}, y);
        long x = device.upload(Element.FLOAT32, 2.9f, -2.9f, 0.5f);
        long back = device.allocate(12);
        kernels.castToInts(x, back, 3);
        assertArrayEquals(new int[] {2, -2, 0}, device.downloadInts(back, 3));
    }
}
