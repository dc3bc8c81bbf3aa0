package dev.cathode.engine.diffusion.schedulers;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.graph.UpdateOp;
import dev.cathode.engine.graph.UpdateOp.SamplerStep;
import dev.cathode.engine.graph.Value;
import dev.cathode.engine.random.RandomWeights;
import dev.cathode.engine.runtime.CompileOptions;
import dev.cathode.engine.runtime.Device;
import dev.cathode.engine.runtime.DeviceWeights;
import dev.cathode.engine.runtime.Executable;
import dev.cathode.engine.runtime.Variables;
import dev.cathode.engine.runtime.cpu.CpuDevice;
import dev.cathode.engine.runtime.cpu.CpuOptions;
import dev.cathode.weights.DType;
import dev.cathode.weights.Goldens;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import tools.jackson.databind.JsonNode;

/// The golden runs again, with the sampler's formula in a graph.
class LinearStepsTest {
    private final Goldens.Topic goldens = Goldens.topic("schedulers");
    private final JsonNode cases = goldens.json("cases.json").get("cases");

    @TestFactory
    Stream<DynamicTest> trajectoriesEqualDiffusers() {
        return cases.propertyStream().flatMap(entry -> entry.getValue().get("steps").valueStream().map(steps ->
                DynamicTest.dynamicTest(entry.getKey() + " " + steps + " steps",
                        () -> compare(entry.getKey() + ".safetensors", entry.getValue(), steps.asInt()))));
    }

    private void compare(String file, JsonNode entry, int steps) {
        Scheduler scheduler = Schedulers.of(new SchedulerConfig("cases.json", entry.get("class").asString(),
                entry.get("config")));
        int start = entry.get("start").asInt();
        Optional<float[][]> table = LinearSteps.of(scheduler, steps, start, 1);
        boolean clips = entry.get("config").path("clip_sample").asBoolean(false);
        boolean reachesFar = switch (scheduler) {
            case UniPCMultistepScheduler _ -> steps > SamplerStep.KEPT; // each correction changes what came before
            case PNDMScheduler pndm -> !pndm.skipPrkSteps(); // four evaluations for each that is remembered
            default -> false;
        };
        assertEquals(!clips && !reachesFar, table.isPresent());
        if (table.isPresent()) {
            String run = "steps" + steps + ".";
            float[] draws = goldens.has(file, run + "step_noise") ? goldens.floats(file, run + "step_noise")
                    : new float[0];
            goldens.assertMatches(file, run + "trajectory", trajectory(scheduler.start(steps, start), table.get(),
                    goldens.floats(file, run + "noise"), draws));
        }
    }

    private static float[] trajectory(Sampling sampling, float[][] table, float[] noise, float[] draws) {
        int size = noise.length;
        Graph graph = new Graph();
        Value prediction = graph.input("prediction", DType.F32, Shape.of(1, size));
        graph.effect(graph.add(new SamplerStep(false), List.of(graph.parameter("input", Shape.of(1, size)),
                graph.parameter("sample", Shape.of(1, size)), graph.parameter("history", Shape.of(SamplerStep.KEPT, size)),
                prediction, graph.input("noise", DType.F32, Shape.of(1, size)),
                graph.input("weights", DType.F32, Shape.of(SamplerStep.MOST_STEPS, SamplerStep.WEIGHTS)),
                graph.input("index", DType.I32, Shape.of()))));
        try (Device device = CpuDevice.open(CpuOptions.defaults().withThreads(1));
             RandomWeights checkpoint = new RandomWeights(1, graph);
             Variables variables = device.variables(); Arena arena = Arena.ofConfined()) {
            graph.parameters().forEach((name, value) -> variables.define(name, value.shape()));
            MemorySegment numbers = arena.allocate(ValueLayout.JAVA_FLOAT, size);
            float[] x = noise.clone();
            for (int i = 0; i < size; i++) {
                x[i] *= sampling.initNoiseSigma();
            }
            variables.write("sample", numbers.copyFrom(MemorySegment.ofArray(x)));
            variables.write("input", numbers.copyFrom(MemorySegment.ofArray(sampling.scaleModelInput(0, x))));
            float[] trajectory = Arrays.copyOf(x, (sampling.count() + 1) * size);
            try (DeviceWeights weights = device.weights(checkpoint, variables);
                 Executable step = device.compile(graph, weights, CompileOptions.defaults())) {
                step.set("weights", SamplerStep.table(table));
                for (int i = 0; i < sampling.count(); i++) {
                    variables.read("input", numbers);
                    step.set("prediction", FakeNetwork.predict(numbers.toArray(ValueLayout.JAVA_FLOAT),
                            sampling.timestep(i)));
                    step.set("index", new int[] {i});
                    if (draws.length > 0) {
                        step.set("noise", Arrays.copyOfRange(draws, i * size, (i + 1) * size));
                    }
                    step.run();
                    variables.read("sample", numbers);
                    System.arraycopy(numbers.toArray(ValueLayout.JAVA_FLOAT), 0, trajectory, (i + 1) * size, size);
                }
            }
            return trajectory;
        }
    }
}
