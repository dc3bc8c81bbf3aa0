package dev.cathode.engine.models;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.engine.compile.Fusion;
import dev.cathode.engine.gradients.Gradients;
import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Op;
import dev.cathode.engine.graph.Ops;
import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.graph.Value;
import dev.cathode.engine.nn.RunningStatistics;
import dev.cathode.engine.nn.Scope;
import dev.cathode.engine.runtime.CompileOptions;
import dev.cathode.engine.runtime.Device;
import dev.cathode.engine.runtime.DeviceWeights;
import dev.cathode.engine.runtime.Executable;
import dev.cathode.engine.runtime.Variables;
import dev.cathode.engine.runtime.cpu.CpuDevice;
import dev.cathode.engine.runtime.cpu.CpuOptions;
import dev.cathode.kernels.cpu.ConvolutionAlgorithm;
import dev.cathode.kernels.cpu.WeightStorage;
import dev.cathode.weights.Checkpoint;
import dev.cathode.weights.DType;
import dev.cathode.weights.Goldens;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// A training step of a tiny DenseNet against PyTorch: loss, gradients, and running statistics afterwards.
class DenseNetTrainingTest {
    private static final String GRADIENT = "grad.";
    private static final String BUFFER = "buffer.";

    private final Goldens.Topic topic = Goldens.topic("densenet");
    private final Checkpoint weights = DenseNetTest.weights(topic);

    @Test
    void aStepEqualsTheReferences() {
        for (String file : topic.files().stream().filter(f -> f.startsWith("train")).toList()) {
            Graph graph = differentiated(file);
            try (Device device = CpuDevice.open(CpuOptions.defaults().withConvolutions(ConvolutionAlgorithm.DIRECT)
                            .withStorage(WeightStorage.F32));
                    Variables running = runningStatistics(device, graph);
                    DeviceWeights parameters = device.weights(weights, running);
                    Executable step = device.compile(graph, parameters, CompileOptions.defaults())) {
                set(step, file);
                step.run();
                int compared = 0;
                for (Goldens.Tensor expected : topic.outputs(file)) {
                    String name = expected.name();
                    if (!name.startsWith(BUFFER)) {
                        topic.assertMatches(file, name, step.get(name));
                        compared++;
                    } else if (!name.endsWith("num_batches_tracked")) {
                        topic.assertMatches(file, name, read(running, name.substring(BUFFER.length())));
                        compared++;
                    }
                }
                assertEquals(graph.outputs().size() + running.shapes().size(), compared);
            }
        }
    }

    /// A loss that is no number must not spoil the running statistics.
    @Test
    void runningStatisticsStayIfTheLossIsNotFinite() {
        String file = topic.files().stream().filter(f -> f.startsWith("train")).findFirst().orElseThrow();
        Graph graph = differentiated(file);
        try (Device device = CpuDevice.open(CpuOptions.defaults());
                Variables running = runningStatistics(device, graph);
                DeviceWeights parameters = device.weights(weights, running);
                Executable step = device.compile(graph, parameters, CompileOptions.defaults())) {
            set(step, file);
            float[] pixels = topic.floats(file, "input");
            pixels[7] = Float.NaN;
            step.set("pixel_values", pixels);
            step.run();
            assertTrue(Float.isNaN(step.get("loss")[0]));
            running.shapes().keySet().forEach(name -> Goldens.assertClose(name, read(running, name),
                    Goldens.floats(weights.tensor(name)), 0));
        }
    }

    /// The loss of the goldens: over labels the sum of the means over known samples.
    private Graph differentiated(String file) {
        int[] shape = topic.shape(file, "input");
        int[] labels = topic.shape(file, "labels");
        float[] truth = topic.floats(file, "labels");
        Graph objective = new Graph();
        Value pixels = objective.input("pixel_values", DType.F32, Shape.of(shape));
        Value target = objective.input("labels", DType.F32, Shape.of(labels));
        Value known = objective.input("known", DType.F32, Shape.of(labels));
        List<RunningStatistics> statistics = new ArrayList<>();
        Value logits = DenseNet.trainingForward(Scope.root(objective), DenseNetTest.config(topic), pixels,
                statistics::add).logits();
        Value loss = null;
        for (int j = 0; j < labels[1]; j++) {
            boolean any = false;
            for (int i = j; i < truth.length; i += labels[1]) {
                any |= !Float.isNaN(truth[i]);
            }
            if (any) {
                Value one = objective.add(new Op.BinaryCrossEntropy(true), List.of(Ops.slice(logits, 1, j, j + 1),
                        Ops.slice(target, 1, j, j + 1), Ops.slice(known, 1, j, j + 1)));
                loss = loss == null ? one : Ops.add(loss, one);
            }
        }
        objective.output("loss", loss);
        objective.output("logits", logits);
        for (RunningStatistics layer : statistics) {
            layer.update(RunningStatistics.MOMENTUM, loss);
        }
        Graph graph = Fusion.normalizations(objective);
        List<Value> wrt = topic.outputs(file).stream().map(Goldens.Tensor::name).filter(n -> n.startsWith(GRADIENT))
                .map(name -> graph.parameters().get(name.substring(GRADIENT.length()))).toList();
        for (Map.Entry<Value, Value> entry : Gradients.of(graph.outputs().get("loss"), wrt).entrySet()) {
            Value gradient = entry.getValue();
            graph.output(GRADIENT + ((Op.Parameter) entry.getKey().op()).name(), gradient.shape().rank() == 4
                    ? Ops.permute(gradient, 0, 3, 1, 2) : gradient);
        }
        return graph;
    }

    private void set(Executable step, String file) {
        float[] labels = topic.floats(file, "labels");
        float[] known = new float[labels.length];
        for (int i = 0; i < labels.length; i++) {
            known[i] = Float.isNaN(labels[i]) ? 0 : 1;
            labels[i] = Float.isNaN(labels[i]) ? 0 : labels[i];
        }
        step.set("pixel_values", topic.floats(file, "input"));
        step.set("labels", labels);
        step.set("known", known);
    }

    private Variables runningStatistics(Device device, Graph graph) {
        Variables running = device.variables();
        graph.parameters().forEach((name, value) -> {
            if (name.contains(".running_")) {
                running.define(name, value.shape());
                try (Arena arena = Arena.ofConfined()) {
                    running.write(name, arena.allocateFrom(ValueLayout.JAVA_FLOAT,
                            Goldens.floats(weights.tensor(name))));
                }
            }
        });
        return running;
    }

    private static float[] read(Variables running, String name) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment numbers = arena.allocate(running.shapes().get(name).count() * Float.BYTES, 4);
            running.read(name, numbers);
            return numbers.toArray(ValueLayout.JAVA_FLOAT);
        }
    }
}
