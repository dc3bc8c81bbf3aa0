package dev.cathode.engine.models;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.cathode.kernels.cpu.Activation;
import org.junit.jupiter.api.Test;

class PooledPositionsTest {
    @Test
    void firstEndToken() {
        int[] ids = {8, 1, 9, 9, 9,  8, 9, 3, 9, 9,  8, 1, 2, 3, 4};
        assertArrayEquals(new int[] {2, 1, 0}, config(9).pooledPositions(ids, 5));
    }

    @Test
    void largestIdWhereTheFileSaysTwo() {
        int[] ids = {8, 2, 9, 9, 1,  5, 1, 11, 2, 10};
        assertArrayEquals(new int[] {2, 2}, config(2).pooledPositions(ids, 5));
    }

    private static CLIPTextConfig config(int end) {
        return new CLIPTextConfig(12, 8, 16, 1, 2, 5, Activation.QUICK_GELU, 1e-5, end);
    }
}
