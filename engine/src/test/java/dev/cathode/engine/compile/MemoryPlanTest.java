package dev.cathode.engine.compile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Op;
import dev.cathode.engine.graph.Ops;
import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.graph.Value;
import dev.cathode.engine.nn.Layers;
import dev.cathode.engine.nn.Scope;
import dev.cathode.weights.DType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class MemoryPlanTest {
    @Test
    void aChainNeedsTwoBuffers() {
        Graph graph = new Graph();
        Value x = graph.input("x", DType.F32, Shape.of(1, 4, 4, 16));
        Scope root = Scope.root(graph);
        for (int i = 0; i < 10; i++) {
            x = Layers.conv3x3(root.at("conv", i), x, 16);
        }
        graph.output("y", x);

        MemoryPlan plan = MemoryPlan.of(graph, Schedule.of(graph, Set.of(), Set.of()), v -> 0);
        assertEquals(3 * 1024, plan.arenaBytes(), "the input is kept, and two buffers take turns");
        assertEquals(plan.floorBytes(), plan.arenaBytes());
    }

    @Test
    void aConcatenationIsWrittenInPlace() {
        Graph graph = new Graph();
        Value x = graph.input("x", DType.F32, Shape.of(1, 4, 4, 16));
        Scope root = Scope.root(graph);
        Value left = Layers.conv3x3(root.at("left"), x, 16);
        Value right = Layers.conv3x3(root.at("right"), x, 8);
        Value both = Ops.concat(-1, left, right, x);
        graph.output("y", Ops.silu(both));

        MemoryPlan plan = MemoryPlan.of(graph, Schedule.of(graph, Set.of(), Set.of()), v -> 0);
        assertTrue(plan.sameBuffer(both, left) && plan.sameBuffer(both, right));
        assertEquals(plan.offset(both) + 64, plan.offset(right));
        assertEquals(40, plan.stride(right));
        assertTrue(!plan.sameBuffer(both, x), "an input is copied");
    }

    @Test
    void aResidualIsOverwritten() {
        Graph graph = new Graph();
        Value x = Ops.silu(graph.input("x", DType.F32, Shape.of(1, 4, 4, 16)));
        Value h = Layers.conv3x3(Scope.root(graph).at("a"), x, 16);
        graph.output("y", Ops.add(Layers.conv3x3(Scope.root(graph).at("b"), h, 16), x));

        Graph fused = Fusion.apply(graph, Set.of());
        MemoryPlan plan = MemoryPlan.of(fused, Schedule.of(fused, Set.of(), Set.of()), v -> 0);
        Value sum = fused.outputs().get("y");
        assertTrue(plan.sameBuffer(sum, sum.inputs().getLast()));
    }

    /// Plays random graphs through on the plan: every byte remembers who wrote it, and every read must find what it
    /// expects, also when the body runs again without the prologue.
    @Test
    void nobodyOverwritesWhatIsStillNeeded() {
        int overwritten = 0;
        for (int seed = 0; seed < 300; seed++) {
            Graph random = randomGraph(new Random(seed));
            Graph graph = seed % 2 == 0 ? Fusion.apply(random, random.taps().keySet()) : random;
            Schedule schedule = Schedule.of(graph, Set.of("constant"), Set.of());
            int workspace = seed % 3 * 100;
            MemoryPlan plan = MemoryPlan.of(graph, schedule, v -> workspace);
            assertTrue(plan.arenaBytes() >= plan.floorBytes());
            new Playback(graph, plan, workspace, "seed " + seed).run();
            overwritten += (int) schedule.steps().stream().filter(v -> v.inputs().stream()
                    .anyMatch(i -> !MemoryPlan.isParameter(i) && plan.sameBuffer(i, v))).count();
        }
        assertTrue(overwritten > 300, "the graphs share memory, or this proves nothing: " + overwritten);
    }

    private static Graph randomGraph(Random random) {
        Graph graph = new Graph();
        Scope root = Scope.root(graph);
        List<Value> values = new ArrayList<>();
        values.add(graph.input("x", DType.F32, Shape.of(2, 4, 4, 8)));
        values.add(graph.input("constant", DType.F32, Shape.of(2, 4, 4, 8)));
        for (int i = 0; i < 25; i++) {
            Value a = values.get(random.nextInt(Math.max(0, values.size() - 4), values.size()));
            Value b = values.get(random.nextInt(values.size()));
            values.add(switch (random.nextInt(9)) {
                case 0 -> Ops.silu(a);
                case 1 -> Ops.affine(a, 2, 1);
                case 2 -> a.shape().equals(b.shape()) ? Ops.add(a, b) : Ops.multiply(a, a);
                case 3 -> Layers.conv3x3(root.at("conv", i), a, 8);
                case 4 -> Layers.groupNorm(root.at("norm", i), a, 4, 1e-5);
                case 5 -> Layers.conv1x1(root.at("join", i), Ops.concat(-1, a, b, Layers.conv1x1(root.at("c", i), a, 4)), 8);
                case 6 -> Ops.reshape(Layers.linear(root.at("l", i), Ops.reshape(a, 2, 16, 8), 8), 2, 4, 4, 8);
                case 7 -> Ops.add(a, Ops.reshape(root.at("p", i).parameter("bias", 8), 1, 1, 1, 8));
                default -> graph.tap("tap" + i, Layers.conv3x3(root.at("resnet", i), Ops.silu(b), 8));
            });
        }
        graph.output("y", values.getLast());
        graph.output("z", values.get(12));
        graph.output("reshaped", Ops.reshape(values.get(random.nextInt(values.size())), 32, 8));
        return graph;
    }

    /// Memory that remembers writers: one number for every four bytes.
    private static final class Playback {
        private static final int SCRATCH = -2;
        private final Graph graph;
        private final MemoryPlan plan;
        private final int workspace;
        private final String label;
        private final int[] writer;

        Playback(Graph graph, MemoryPlan plan, int workspace, String label) {
            this.graph = graph;
            this.plan = plan;
            this.workspace = workspace;
            this.label = label;
            writer = new int[(int) plan.arenaBytes() / 4];
            Arrays.fill(writer, -1);
        }

        void run() {
            graph.inputs().values().forEach(v -> write(v));
            for (int round = 0; round < 3; round++) {
                List<Value> steps = plan.schedule().steps();
                for (int i = round == 0 ? 0 : plan.schedule().prologue().size(); i < steps.size(); i++) {
                    int start = (int) plan.workspaceOffset(i) / 4;
                    Arrays.fill(writer, start, start + workspace / 4, SCRATCH);
                    steps.get(i).inputs().forEach(this::expect);
                    write(steps.get(i));
                }
                graph.outputs().values().forEach(this::expect);
            }
        }

        private static Value root(Value value) {
            return value.op() instanceof Op.Reshape ? root(value.input(0)) : value;
        }

        private void write(Value value) {
            each(value, at -> {
                if (!(value.op() instanceof Op.Concat && isSlice(value, writer[at]))) {
                    writer[at] = value.id();
                }
            });
        }

        /// Whether the writer is an input of the concatenation that lies in it already.
        private boolean isSlice(Value concat, int id) {
            return concat.inputs().stream().anyMatch(input -> input.id() == id && plan.sameBuffer(concat, input));
        }

        private void expect(Value value) {
            Value root = root(value);
            if (!MemoryPlan.isParameter(root)) {
                each(root, at -> assertTrue(root.id() == writer[at]
                        || root.op() instanceof Op.Concat && isSlice(root, writer[at]),
                        () -> label + ": " + root + " was overwritten\n" + graph + plan));
            }
        }

        private void each(Value value, java.util.function.IntConsumer visit) {
            int columns = value.shape().last();
            int rows = value.shape().rows();
            int start = (int) plan.offset(value) / 4;
            for (int r = 0; r < rows; r++) {
                for (int c = 0; c < columns; c++) {
                    visit.accept(start + r * plan.stride(value) + c);
                }
            }
        }
    }
}
