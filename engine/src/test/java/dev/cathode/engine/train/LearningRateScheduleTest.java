package dev.cathode.engine.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.cathode.engine.train.LearningRateSchedule.Constant;
import dev.cathode.engine.train.LearningRateSchedule.ConstantWithWarmup;
import dev.cathode.engine.train.LearningRateSchedule.Cosine;
import dev.cathode.engine.train.LearningRateSchedule.CosineWithRestarts;
import dev.cathode.engine.train.LearningRateSchedule.Cyclic;
import dev.cathode.engine.train.LearningRateSchedule.Linear;
import dev.cathode.engine.train.LearningRateSchedule.PiecewiseConstant;
import dev.cathode.engine.train.LearningRateSchedule.Polynomial;
import dev.cathode.weights.Goldens;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import tools.jackson.databind.JsonNode;

class LearningRateScheduleTest {
    @TestFactory
    Stream<DynamicTest> equalThoseOfDiffusersAndPyTorch() {
        return Goldens.topic("optim").json("schedules.json").propertyStream().map(e ->
                DynamicTest.dynamicTest(e.getKey(), () -> compare(e.getValue())));
    }

    private static void compare(JsonNode golden) {
        LearningRateSchedule schedule = schedule(golden);
        List<JsonNode> values = golden.get("values").valueStream().toList();
        assertFalse(values.isEmpty());
        for (int i = 0; i < values.size(); i++) {
            double expected = values.get(i).asDouble();
            assertEquals(expected, schedule.at(i), 1e-12 * Math.abs(expected), "step " + i);
        }
    }

    private static LearningRateSchedule schedule(JsonNode golden) {
        JsonNode options = golden.get("options");
        double rate = golden.path("lr").asDouble(1);
        long warmup = options.path("num_warmup_steps").asLong(0);
        long steps = options.path("num_training_steps").asLong(0);
        return switch (golden.get("kind").asString()) {
            case "constant" -> new Constant(rate);
            case "constant_with_warmup" -> new ConstantWithWarmup(rate, warmup);
            case "linear" -> new Linear(rate, warmup, steps);
            case "cosine" -> new Cosine(rate, warmup, steps);
            case "cosine_with_restarts" ->
                    new CosineWithRestarts(rate, warmup, steps, options.path("num_cycles").asInt(1));
            case "polynomial" -> new Polynomial(rate, warmup, steps, options.path("power").asDouble(1));
            case "piecewise_constant" -> PiecewiseConstant.parse(rate, options.get("step_rules").asString());
            case "cyclic" -> new Cyclic(options.get("base_lr").asDouble(), options.get("max_lr").asDouble(),
                    options.get("step_size_up").asLong(),
                    options.path("step_size_down").asLong(options.get("step_size_up").asLong()),
                    Cyclic.Mode.valueOf(options.get("mode").asString().toUpperCase(Locale.ROOT)),
                    options.path("gamma").asDouble(1));
            default -> throw new AssertionError("unknown schedule " + golden.get("kind"));
        };
    }

    /// Values by torch 2.13: `CyclicLR(optimizer, 0.1, 1.0, step_size_up=2, mode='exp_range', gamma=0.5)`.
    @Test
    void anExponentialRangeShrinksEachStep() {
        Cyclic schedule = new Cyclic(0.1, 1, 2, 2, Cyclic.Mode.EXP_RANGE, 0.5);
        double[] expected = {0.1, 0.325, 0.325, 0.15625, 0.1, 0.1140625};
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], schedule.at(i), 1e-12, "step " + i);
        }
    }

    @Test
    void piecesHoldBelowTheirStep() {
        LearningRateSchedule schedule = PiecewiseConstant.parse(2, "1:10, 0.1:20,0.01");
        assertEquals(2, schedule.at(0));
        assertEquals(2, schedule.at(9));
        assertEquals(0.2, schedule.at(10));
        assertEquals(0.2, schedule.at(19));
        assertEquals(0.02, schedule.at(20));
        assertEquals(6, PiecewiseConstant.parse(2, "3").at(7));
    }

    @Test
    void aPolynomialStaysAtItsEnd() {
        Polynomial schedule = new Polynomial(1e-3, 4, 4, 1);
        assertEquals(7.5e-4, schedule.at(3), 1e-18);
        assertEquals(Polynomial.END, schedule.at(4));
        assertEquals(Polynomial.END, schedule.at(400));
    }

    @Test
    void nonsenseIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> new Constant(-1));
        assertThrows(IllegalArgumentException.class, () -> new Constant(Double.NaN));
        assertThrows(IllegalArgumentException.class, () -> new Linear(1, -1, 3));
        assertThrows(IllegalArgumentException.class, () -> new CosineWithRestarts(1, 0, 3, 0));
        assertThrows(IllegalArgumentException.class, () -> new Polynomial(1e-8, 0, 3, 1));
        assertThrows(IllegalArgumentException.class, () -> Cyclic.triangular(0.1, 1, 0));
        for (String rules : List.of("", "1:10", "1:10,", "1:2:3,1", "1:20,1:10,1", "a:1,1", "1:1.5,1")) {
            assertThrows(IllegalArgumentException.class, () -> PiecewiseConstant.parse(1, rules), rules);
        }
    }
}
