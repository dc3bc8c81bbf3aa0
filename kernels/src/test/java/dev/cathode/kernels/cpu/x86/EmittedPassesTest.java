package dev.cathode.kernels.cpu.x86;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.cathode.kernels.cpu.vector.Passes;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EmittedPassesTest {
    private static final int UNTOUCHED = 0x7fc0beef;

    @ParameterizedTest
    @ValueSource(ints = {256, 512})
    void transposes(int bits) {
        Random random = new Random(5);
        int lanes = bits / 32;
        try (Arena arena = Arena.ofConfined()) {
            Passes passes = Machine.products(bits, arena).passes();
            for (int[] squares : new int[][] {{1, 1}, {1, 5}, {4, 1}, {3, 7}, {0, 2}, {2, 0}}) {
                int rows = squares[0] * lanes;
                int columns = squares[1] * lanes;
                int xStride = columns + random.nextInt(9);
                int yStride = rows + random.nextInt(9);
                try (GuardPages memory = new GuardPages()) {
                    MemorySegment x = memory.buffer(4L * (Math.max(0, rows - 1) * xStride + columns));
                    MemorySegment y = memory.buffer(4L * (Math.max(0, columns - 1) * yStride + rows));
                    for (long i = 0; i < x.byteSize() / 4; i++) { // any bits: NaN, infinities, denormals
                        x.setAtIndex(JAVA_INT, i, random.nextInt());
                    }
                    for (long i = 0; i < y.byteSize() / 4; i++) {
                        y.setAtIndex(JAVA_INT, i, UNTOUCHED);
                    }
                    passes.transpose(x.address(), 4L * xStride, rows, columns, y.address(), 4L * yStride,
                            memory.buffer(4L * lanes * lanes).address());
                    for (int c = 0; c < columns; c++) {
                        for (int i = 0; i < yStride && (c < columns - 1 || i < rows); i++) {
                            int expected = i < rows ? x.getAtIndex(JAVA_INT, (long) i * xStride + c) : UNTOUCHED;
                            assertEquals(expected, y.getAtIndex(JAVA_INT, (long) c * yStride + i));
                        }
                    }
                }
            }
        }
    }
}
