package dev.cathode.kernels.cuda;

import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CudaNoiseTest extends ShimTest {
    /// The algorithm of the paper, in plain Java.
    private static int[] philox(long counter, long stream, long seed) {
        int[] c = {(int) counter, (int) (counter >>> 32), (int) stream, (int) (stream >>> 32)};
        int k0 = (int) seed;
        int k1 = (int) (seed >>> 32);
        for (int round = 0; round < 10; round++) {
            long a = 0xd2511f53L * (c[0] & 0xffffffffL);
            long b = 0xcd9e8d57L * (c[2] & 0xffffffffL);
            c = new int[] {(int) (b >>> 32) ^ c[1] ^ k0, (int) b, (int) (a >>> 32) ^ c[3] ^ k1, (int) a};
            k0 += 0x9e3779b9;
            k1 += 0xbb67ae85;
        }
        return c;
    }

    @Test
    void theReferenceGivesThePapersNumbers() { // known answers of Random123
        assertArrayEquals(new int[] {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}, philox(0, 0, 0));
        assertArrayEquals(new int[] {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}, philox(-1, -1, -1));
        assertArrayEquals(new int[] {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1},
                philox(0x85a308d3243f6a88L, 0x0370734413198a2eL, 0x299f31d0a4093822L));
    }

    @Test
    void bitsAreThoseOfTheReference() {
        for (long[] state : new long[][] {{0, 0}, {-1, -1}, {0x123456789abcdefL, 77}}) {
            long y = device.allocate(4 * 103);
            long at = device.uploadLongs(state);
            new CudaNoise(device, Element.FLOAT32).bits(at, y, 103);
            int[] bits = device.downloadInts(y, 103);
            for (int i = 0; i < 103; i++) {
                assertEquals(philox(i / 4, state[1], state[0])[i % 4], bits[i], "number " + i);
            }
        }
        list("random bits", Element.FLOAT32, "[103]", 0);
    }

    @ParameterizedTest
    @EnumSource
    void normalNumbersAreNormal(Element element) {
        int n = 40001;
        var noise = new CudaNoise(device, element);
        long state = device.uploadLongs(5, 0);
        long y = device.allocate((long) n * element.bytes());
        launch(y, (long) n * element.bytes(), () -> noise.normal(state, 2, y, n));
        float[] x = device.download(element, y, n);
        double[] moments = new double[5];
        double neighbours = 0;
        int tail = 0;
        for (int i = 0; i < n; i++) {
            for (int k = 1; k <= 4; k++) {
                moments[k] += Math.pow(x[i] / 2, k) / n;
            }
            neighbours += x[i] / 2 * (x[(i + 1) % n] / 2) / n;
            tail += Math.abs(x[i]) > 6 ? 1 : 0;
        }
        double step = 1 / Math.sqrt(n); // standard errors of the moments of n normal numbers, times 5
        assertEquals(0, moments[1], 5 * step);
        assertEquals(1, moments[2], 5 * step * Math.sqrt(2));
        assertEquals(0, moments[3], 5 * step * Math.sqrt(15));
        assertEquals(3, moments[4], 5 * step * Math.sqrt(96));
        assertEquals(0, neighbours, 5 * step);
        assertEquals(0.0027 * n, tail, 5 * Math.sqrt(0.0027 * n) + n * Numbers.epsilon(element) * 0.03);
        noise.next(state);
        assertEquals(1, device.read(state + 8, 8).get(JAVA_LONG_UNALIGNED, 0));
        noise.normal(state, 2, y, n);
        assertFalse(Arrays.equals(x, device.download(element, y, n)), "another offset");
        list("random normal", element, "[" + n + "]", Math.abs(moments[2] - 1));
    }

    @Test
    void aNumberDependsOnItsPlaceOnly() {
        var noise = new CudaNoise(device, Element.FLOAT32);
        long state = device.uploadLongs(9, 3);
        long few = device.allocate(4 * 6);
        long many = device.allocate(4 * 5000);
        noise.normal(state, 1, few, 6);
        noise.normal(state, 1, many, 5000);
        assertArrayEquals(device.download(Element.FLOAT32, few, 6), device.download(Element.FLOAT32, many, 6));
    }

    @Test
    void uniformNumbersFillTheirRange() {
        int n = 20000;
        long y = device.allocate(4L * n);
        new CudaNoise(device, Element.FLOAT32).uniform(device.uploadLongs(1, 2), y, n);
        int[] counts = new int[20];
        for (float x : device.download(Element.FLOAT32, y, n)) {
            assertTrue(x > 0 && x < 1, () -> "a number " + x);
            counts[(int) (x * 20)]++;
        }
        double chiSquare = Arrays.stream(counts).mapToDouble(c -> Math.pow(c - n / 20.0, 2) / (n / 20.0)).sum();
        assertTrue(chiSquare < 43.8, "chi square " + chiSquare + " of 19 degrees: one in a thousand is larger");
        list("random uniform", Element.FLOAT32, "[" + n + "]", 0);
    }
}
