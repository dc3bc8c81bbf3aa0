package dev.cathode.engine.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.cathode.engine.train.SampleOrder.Position;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SampleOrderTest {
    private static SampleOrder order() {
        return new SampleOrder(new TrainingRandom(10), 11, 4);
    }

    private static int[] epoch(SampleOrder order, int epoch) {
        return IntStream.range(epoch * order.stepsPerEpoch(), (epoch + 1) * order.stepsPerEpoch())
                .flatMap(step -> Arrays.stream(order.indices(step))).toArray();
    }

    @Test
    void anEpochSeesEverySampleOnce() {
        assertEquals(3, order().stepsPerEpoch());
        for (int e = 0; e < 4; e++) {
            int[] seen = epoch(order(), e);
            Arrays.sort(seen);
            assertArrayEquals(IntStream.range(0, 11).toArray(), seen);
        }
        assertEquals(3, order().indices(2).length);
    }

    @Test
    void epochsAndSeedsAreShuffledDifferently() {
        assertNotEquals(Arrays.toString(epoch(order(), 0)), Arrays.toString(epoch(order(), 1)));
        assertNotEquals(Arrays.toString(epoch(order(), 0)),
                Arrays.toString(epoch(new SampleOrder(new TrainingRandom(11), 11, 4), 0)));
    }

    @Test
    void anyStepCanBeAskedForAtAnyTime() {
        SampleOrder forward = order();
        SampleOrder backward = order();
        int[][] expected = IntStream.range(0, 9).mapToObj(forward::indices).toArray(int[][]::new);
        for (int step = 8; step >= 0; step--) {
            assertArrayEquals(expected[step], backward.indices(step));
        }
    }

    @Test
    void positionsAreSteps() {
        SampleOrder order = order();
        assertEquals(Position.START, order.position(0));
        assertEquals(new Position(0, 8), order.position(2));
        assertEquals(new Position(2, 4), order.position(7));
        for (long step = 0; step < 20; step++) {
            assertEquals(step, order.step(order.position(step)));
        }
        assertThrows(IllegalArgumentException.class, () -> order.step(new Position(0, 3)));
        assertThrows(IllegalArgumentException.class, () -> order.step(new Position(0, 12)));
        assertThrows(IllegalArgumentException.class, () -> new Position(-1, 0));
        assertThrows(IllegalArgumentException.class, () -> new SampleOrder(new TrainingRandom(1), 0, 4));
    }

    @Test
    void aStepMayBeLargerThanTheDataSet() {
        SampleOrder order = new SampleOrder(new TrainingRandom(1), 3, Integer.MAX_VALUE);
        assertEquals(3, order.indices(5).length);
        assertEquals(new Position(5, 0), order.position(5));
    }
}
