package dev.cathode.engine.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.engine.diffusion.schedulers.PredictionType;
import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.runtime.Device;
import dev.cathode.weights.Checkpoint;
import dev.cathode.weights.SafetensorsWriter;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Computing blocks again instead of remembering them changes no bit, and takes less memory.
class GradientCheckpointingTest {
    private static final String FILE = "joint.safetensors";
    private static final DiffusionLoss LOSS =
            new DiffusionLoss(TrainingGoldenTest.SCHEDULE, PredictionType.EPSILON, false);

    /// What two steps leave, and what they took.
    private record Trained(Map<String, float[]> tensors, List<TrainingStep.Result> results, long arenaBytes,
                           long parameterBytes) { }

    @ParameterizedTest
    @CsvSource({"0, false, false", "1, false, false", "1, true, false", "0, false, true"})
    void changesNothingButMemory(double maxGradNorm, boolean accumulate, boolean bfloat16) {
        var options = new StepOptions(Optimizer.AdamW.defaults(), maxGradNorm, true).withBfloat16(bfloat16);
        Trained remembering = train(options, accumulate);
        Trained recomputing = train(options.withGradientCheckpointing(true), accumulate);
        assertEquals(remembering.results, recomputing.results);
        assertEquals(remembering.tensors.keySet(), recomputing.tensors.keySet());
        remembering.tensors.forEach((name, numbers) -> assertArrayEquals(numbers, recomputing.tensors.get(name), name));
        // Where gradients are clipped all of them are kept, and nothing helps against that.
        long gradients = maxGradNorm == 0 || accumulate ? 0 : remembering.parameterBytes;
        assertTrue(recomputing.arenaBytes - gradients < 0.55 * (remembering.arenaBytes - gradients),
                remembering.arenaBytes + " to " + recomputing.arenaBytes + ", gradients " + gradients);
    }

    /// Steps in bfloat16 find about the losses of those in float32, and remember less.
    @Test
    void bfloat16TakesLessMemory() {
        var options = new StepOptions(Optimizer.AdamW.defaults(), 0, true);
        Trained whole = train(options, false);
        Trained half = train(options.withBfloat16(true), false);
        for (int i = 0; i < whole.results.size(); i++) {
            double loss = whole.results.get(i).loss();
            assertEquals(loss, half.results.get(i).loss(), 0.01 * loss);
            assertNotEquals(loss, half.results.get(i).loss());
        }
        assertTrue(half.arenaBytes < 0.85 * whole.arenaBytes, whole.arenaBytes + " to " + half.arenaBytes);
    }

    private static Trained train(StepOptions options, boolean accumulate) {
        int[] shape = TrainingGoldenTest.TOPIC.shape(FILE, "latents"); // [steps, batch, C, h, w]
        IntFunction<Graph> objective = batch -> TrainingGoldenTest.objective(LOSS, 0,
                Shape.of(batch, shape[2], shape[3], shape[4]));
        Map<String, Shape> trainable = TrainingStep.parameters(objective.apply(1), name -> true);
        int size = accumulate ? 1 : shape[1];
        List<TrainingStep.Result> results = new ArrayList<>();
        Map<String, float[]> tensors = new LinkedHashMap<>();
        Checkpoint weights = TrainingGoldenTest.weights();
        try (Device device = TrainingGoldenTest.device();
                var state = new TrainingState(device, trainable, Map.of(), options, accumulate)) {
            state.start(weights);
            try (var step = new TrainingStep(device, weights, state, options, accumulate, objective)) {
                for (int i = 0; i < 2; i++) {
                    int index = i;
                    double before = accumulate ? 0 : step.evaluate(new TrainingStep.Batch(size, executable ->
                            TrainingGoldenTest.set(executable, FILE, LOSS, index, 0, size)));
                    results.add(step.run(i + 1, 1e-3, 0.9, shape[1], IntStream.range(0, shape[1] / size)
                            .mapToObj(part -> new TrainingStep.Batch(size, executable ->
                                    TrainingGoldenTest.set(executable, FILE, LOSS, index, part * size, size)))
                            .iterator()));
                    assertTrue(results.getLast().finite());
                    if (!accumulate) { // the same computation without a step finds the same
                        assertEquals(results.getLast().loss(), before, 2e-6 * before);
                    }
                }
                long arenaBytes = step.executable(size).plan().arenaBytes();
                tensors(state, "", tensors);
                state.kinds().forEach(kind -> tensors(state, kind, tensors));
                return new Trained(tensors, results, arenaBytes,
                        trainable.values().stream().mapToLong(s -> s.count() * Float.BYTES).sum());
            }
        }
    }

    private static void tensors(TrainingState state, String kind, Map<String, float[]> into) {
        for (SafetensorsWriter.Entry entry : state.tensors(kind)) {
            into.put(StepGraphs.slot(kind, entry.name()), entry.data().get().toArray(ValueLayout.JAVA_FLOAT));
        }
    }
}
