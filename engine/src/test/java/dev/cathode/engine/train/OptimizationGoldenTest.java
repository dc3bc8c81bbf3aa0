package dev.cathode.engine.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.cathode.engine.plain.PlainKernels;
import dev.cathode.kernels.cpu.CpuKernels;
import dev.cathode.kernels.cpu.Optimization;
import dev.cathode.kernels.cpu.Optimization.Adam;
import dev.cathode.kernels.cpu.Workers;
import dev.cathode.weights.Goldens;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import tools.jackson.databind.JsonNode;

/// The kernels of the optimizers against torch.optim, all steps of each case.
class OptimizationGoldenTest {
    private static final String FILE = "optimizers.safetensors";
    private static final Set<String> STATE = Set.of("parameters", "exp_avg", "exp_avg_sq", "momentum_buffer");
    private final Goldens.Topic topic = Goldens.topic("optim");

    @TestFactory
    Stream<DynamicTest> stepsEqualThoseOfPyTorch() {
        List<DynamicTest> tests = new ArrayList<>();
        topic.json().get("cases").propertyStream().forEach(e -> {
            tests.add(DynamicTest.dynamicTest(e.getKey() + " on vectors",
                    () -> compare(e.getKey(), e.getValue(), CpuKernels.vector().optimization())));
            tests.add(DynamicTest.dynamicTest(e.getKey() + " by formulas",
                    () -> compare(e.getKey(), e.getValue(), new PlainKernels().optimization())));
        });
        assertFalse(tests.isEmpty());
        return tests.stream();
    }

    private void compare(String name, JsonNode golden, Optimization kernels) {
        JsonNode options = golden.get("options");
        float[] start = topic.floats(FILE, name + ".start");
        float[] gradients = topic.floats(FILE, name + ".grads");
        int count = start.length;
        int steps = golden.get("steps").asInt();
        assertEquals(steps * count, gradients.length);
        float[] history = Arrays.copyOf(start, (steps + 1) * count);
        try (Arena arena = Arena.ofConfined(); Workers workers = new Workers(2)) {
            MemorySegment parameter = arena.allocateFrom(ValueLayout.JAVA_FLOAT, start);
            MemorySegment first = arena.allocate(4L * count, 4);
            MemorySegment second = arena.allocate(4L * count, 4);
            for (int step = 1; step <= steps; step++) {
                MemorySegment gradient = arena.allocateFrom(ValueLayout.JAVA_FLOAT,
                        Arrays.copyOfRange(gradients, (step - 1) * count, step * count));
                double rate = options.get("lr").asDouble();
                double decay = options.path("weight_decay").asDouble(0);
                if (golden.get("optimizer").asString().equals("sgd")) {
                    double momentum = options.path("momentum").asDouble(0);
                    kernels.sgd(rate, momentum, decay, options.path("nesterov").asBoolean(false), step == 1, 1,
                            parameter.address(), gradient.address(), momentum == 0 ? 0 : first.address(), count, workers);
                } else {
                    kernels.adam(new Adam(rate, options.get("betas").get(0).asDouble(),
                            options.get("betas").get(1).asDouble(), options.get("eps").asDouble(), decay,
                            golden.get("optimizer").asString().equals("adamw"), step, 1), parameter.address(),
                            gradient.address(), first.address(), second.address(), count, workers);
                }
                MemorySegment.copy(parameter, ValueLayout.JAVA_FLOAT, 0, history, step * count, count);
            }
            int compared = 0;
            for (Goldens.Tensor out : topic.outputs(FILE)) {
                String state = out.name().substring(out.name().indexOf('.') + 1);
                if (out.name().startsWith(name + ".") && STATE.contains(state)) {
                    topic.assertMatches(FILE, out.name(), switch (state) {
                        case "parameters" -> history;
                        case "exp_avg_sq" -> second.toArray(ValueLayout.JAVA_FLOAT);
                        default -> first.toArray(ValueLayout.JAVA_FLOAT);
                    });
                    compared++;
                }
            }
            assertFalse(compared == 0, "golden.json lists no results of " + name);
        }
    }
}
