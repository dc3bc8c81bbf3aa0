package dev.cathode.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CudaEmbeddingTest extends ShimTest {
    @ParameterizedTest
    @EnumSource
    void lookups(Element element) {
        var kernels = new CudaEmbedding(device, element);
        for (int[] s : new int[][] {{1, 1, 1}, {5, 77, 9}, {40, 33, 16}, {7, 70, 133}}) {
            int tableRows = s[0];
            int rows = s[1];
            int columns = s[2];
            float[] table = Numbers.normal(element, tableRows * columns, 1);
            float[] dy = Numbers.normal(element, rows * columns, 2);
            int[] ids = new Random(3).ints(rows, 0, tableRows).toArray();
            ids[rows / 2] = tableRows - 1;
            float[] y = new float[rows * columns];
            double[] dTable = new double[tableRows * columns];
            int padding = tableRows > 1 ? ids[0] : -1;
            for (int i = 0; i < y.length; i++) {
                int from = ids[i / columns] * columns + i % columns;
                y[i] = table[from];
                dTable[from] += ids[i / columns] == padding ? 0 : dy[i];
            }
            String name = rows + " of [" + tableRows + ", " + columns + "]";
            long places = device.uploadInts(ids);
            long out = device.allocate((long) y.length * element.bytes());
            kernels.embedding(device.upload(element, table), places, out, tableRows, rows, columns);
            checkExact("embedding", element, name, y, out);
            long back = device.allocate(4L * dTable.length);
            long gradient = device.upload(element, dy);
            launch(back, 4L * dTable.length,
                    () -> kernels.embeddingGradient(places, gradient, back, rows, tableRows, columns, padding));
            check("embeddingGradient", Element.FLOAT32, name, dTable, back, 40, 8);
        }
    }

    @Test
    void anIdOutsideTheTableMakesNaN() {
        long y = device.allocate(24);
        long table = device.upload(Element.FLOAT32, 1, 2, 3, 4);
        new CudaEmbedding(device, Element.FLOAT32).embedding(table, device.uploadInts(1, 2, -1), y, 2, 3, 2);
        float[] rows = device.download(Element.FLOAT32, y, 6);
        assertEquals(3, rows[0]);
        assertEquals(4, rows[1]);
        for (int i = 2; i < 6; i++) {
            assertTrue(Float.isNaN(rows[i]), "number " + i);
        }
    }

    @ParameterizedTest
    @EnumSource
    void rowsOfSamples(Element element) {
        var kernels = new CudaEmbedding(device, element);
        int[] positions = {4, 0, 6};
        float[] x = Numbers.normal(element, 3 * 7 * 5, 4);
        float[] y = new float[15];
        float[] dx = new float[x.length];
        for (int i = 0; i < y.length; i++) {
            int from = (i / 5 * 7 + positions[i / 5]) * 5 + i % 5;
            y[i] = x[from];
            dx[from] = y[i];
        }
        long places = device.uploadInts(positions);
        long out = device.allocate(15L * element.bytes());
        long back = device.allocate((long) x.length * element.bytes());
        kernels.gatherRows(device.upload(element, x), places, out, 3, 7, 5);
        checkExact("gatherRows", element, "[3, 7, 5]", y, out);
        kernels.gatherRowsGradient(places, out, back, 3, 7, 5);
        checkExact("gatherRowsGradient", element, "[3, 7, 5]", dx, back);
    }

    @ParameterizedTest
    @EnumSource
    void sinusoids(Element element) {
        float[] timesteps = {0, 1, 981, 37.5f};
        for (int columns : new int[] {1, 7, 320}) {
            for (boolean cosineFirst : new boolean[] {true, false}) {
                double[] expected = new double[4 * columns];
                int half = columns / 2;
                for (int i = 0; i < expected.length; i++) {
                    int c = i % columns;
                    if (c < 2 * half) {
                        double angle = timesteps[i / columns] * Math.exp(-Math.log(10000) * (c % half) / (half - 0.25));
                        expected[i] = c < half == cosineFirst ? Math.cos(angle) : Math.sin(angle);
                    }
                }
                long y = device.allocate((long) expected.length * element.bytes());
                new CudaEmbedding(device, element).sinusoid(device.upload(Element.FLOAT32, timesteps), y, 4, columns,
                        cosineFirst, 0.25, 10000);
                check("sinusoid", element, "[4, " + columns + "]", expected, y, 1, 1e-5);
            }
        }
    }
}
