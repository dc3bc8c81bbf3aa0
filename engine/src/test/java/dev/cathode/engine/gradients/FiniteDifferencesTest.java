package dev.cathode.engine.gradients;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.engine.graph.GradientOp;
import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Op;
import dev.cathode.engine.graph.Ops;
import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.graph.UpdateOp;
import dev.cathode.engine.graph.Value;
import dev.cathode.engine.plain.PlainKernels;
import dev.cathode.engine.runtime.CompileOptions;
import dev.cathode.engine.runtime.Device;
import dev.cathode.engine.runtime.DeviceWeights;
import dev.cathode.engine.runtime.Executable;
import dev.cathode.engine.runtime.Variables;
import dev.cathode.engine.runtime.cpu.CpuDevice;
import dev.cathode.engine.runtime.cpu.CpuOptions;
import dev.cathode.engine.train.PrefixedCheckpoint;
import dev.cathode.kernels.cpu.Activation;
import dev.cathode.kernels.cpu.Elementwise.Binary;
import dev.cathode.kernels.cpu.Rearrangement.Filter;
import dev.cathode.kernels.cpu.Rearrangement.Window;
import dev.cathode.weights.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// The gradient of every operation against differences of its results, by formulas in double precision.
///
/// Along random directions, the slope of `Σ c·y` by central differences at three distances, extrapolated (Richardson):
/// what the gradients say must be equal to a ten-thousandth. Operands and steps are multiples of powers of two, so that
/// stepping does not round; results are float32, which leaves an error of some millionths.
class FiniteDifferencesTest {
    private static final double TOLERANCE = 1e-4;
    private static final int DIRECTIONS = 4;
    /// The largest distance; then its half and its quarter.
    private static final double STEP = 1.0 / 8;

    /// What has no gradient, and why.
    private static final Map<Class<?>, String> WITHOUT = Map.of(
            Op.Input.class, "has no operands", Op.Parameter.class, "has no operands", Op.Fill.class, "has no operands",
            Op.Cast.class, "rounds: its differences are steps, and its gradient is defined as that of no rounding",
            Op.Sinusoid.class, "of timesteps, which nobody trains",
            Op.Norm.class, "of gradients", Op.ClipFactor.class, "of gradients",
            GradientOp.class, "gradients of gradients are not supported", UpdateOp.class, "has no result");

    private final Set<Class<?>> checked = new HashSet<>();
    private final Device device = CpuDevice.open(CpuOptions.defaults().withThreads(1), new PlainKernels());

    @AfterEach
    void close() {
        device.close();
    }

    @Test
    void everyOperation() {
        products();
        normalizations();
        elementwise();
        rearrangements();
        losses();
        Set<String> all = Arrays.stream(Op.class.getPermittedSubclasses()).filter(op -> !WITHOUT.containsKey(op))
                .map(Class::getSimpleName).collect(Collectors.toSet());
        assertEquals(all, checked.stream().map(Class::getSimpleName).collect(Collectors.toSet()));
    }

    private void products() {
        check(Op.Linear.class, c -> Ops.linear(c.input(3, 4, 6), c.parameter(5, 6), c.parameter(5)));
        check(Op.Linear.class, c -> Ops.linear(c.input(4, 6), c.parameter(5, 6), null));
        for (Op.Geometry geometry : List.of(Op.Geometry.of(1, 1), Op.Geometry.of(2, 1), Op.Geometry.of(2, 0, 0, 1, 1),
                Op.Geometry.of(1, 1).resized(7, 10))) {
            check(Op.Conv2d.class, c ->
                    Ops.conv2d(c.input(2, 5, 6, 3), c.parameter(4, 3, 3, 3), c.parameter(4), geometry));
        }
        check(Op.Conv2d.class, c ->
                Ops.conv2d(c.input(2, 3, 4, 3), c.parameter(4, 1, 1, 3), null, Op.Geometry.of(1, 0)));
        check(Op.Attention.class, c ->
                Ops.attention(c.input(2, 4, 6), c.input(2, 5, 6), c.input(2, 5, 6), 2, false, null));
        check(Op.Attention.class, c ->
                Ops.attention(c.input(2, 4, 6), c.input(2, 4, 6), c.input(2, 4, 6), 3, true, null));
        check(Op.Attention.class, c ->
                Ops.attention(c.input(2, 4, 6), c.input(2, 5, 6), c.input(2, 5, 6), 1, false, c.constant(2, 5)));
    }

    private void normalizations() {
        for (Activation activation : List.of(Activation.NONE, Activation.SILU)) {
            check(Op.GroupNorm.class, c -> c.add(new Op.GroupNorm(2, 1e-5f, activation), c.input(2, 3, 4, 6),
                    c.parameter(6), c.parameter(6)));
            check(Op.BatchNorm.class, c -> c.add(new Op.BatchNorm(1e-5f, activation), c.input(2, 3, 4, 6),
                    c.constant(6), c.positive(c.constant(6)), c.parameter(6), c.parameter(6)));
            check(Op.BatchNormTraining.class, c -> Ops.batchNormTraining(c.input(2, 3, 4, 6), c.parameter(6),
                    c.parameter(6), 1e-5, activation).y());
        }
        check(Op.LayerNorm.class, c -> Ops.layerNorm(c.input(3, 4, 8), c.parameter(8), c.parameter(8), 1e-5));
        check(Op.Softmax.class, c -> Ops.softmax(c.input(3, 7)));
        check(Op.LogSoftmax.class, c -> Ops.unary(new Op.LogSoftmax(), c.input(3, 7)));
    }

    private void elementwise() {
        for (Activation activation : Activation.values()) {
            if (activation != Activation.NONE) {
                check(Op.Activate.class, c -> Ops.activate(c.spread(c.input(4, 9)), activation));
            }
        }
        check(Op.GatedGelu.class, c -> Ops.gatedGelu(c.input(4, 10)));
        for (Binary operation : Binary.values()) {
            check(Op.Pairwise.class, c -> Ops.pairwise(operation, c.input(2, 5, 6), c.positive(c.input(2, 5, 6))));
            check(Op.Pairwise.class, c -> Ops.pairwise(operation, c.input(2, 5, 6), c.positive(c.input(2, 1, 6))));
            check(Op.Pairwise.class, c -> Ops.pairwise(operation, c.input(2, 5, 6), c.positive(c.input(6))));
        }
        check(Op.Sum.class, c -> Ops.sum(c.input(2, 5, 6), Shape.of(2, 1, 6)));
        check(Op.Sum.class, c -> Ops.sum(c.input(2, 5, 6), Shape.of()));
        check(Op.Affine.class, c -> Ops.affine(c.input(3, 5), -1.5, 0.25));
    }

    private void rearrangements() {
        check(Op.Reshape.class, c -> Ops.reshape(c.input(2, 3, 4), 6, 4));
        check(Op.Permute.class, c -> Ops.permute(c.input(2, 3, 4, 5), 0, 3, 1, 2));
        check(Op.Permute.class, c -> Ops.permute(c.input(2, 3, 4), 2, 0, 1));
        check(Op.Concat.class, c -> Ops.concat(-1, c.input(2, 3, 4), c.input(2, 3, 5)));
        check(Op.Concat.class, c -> Ops.concat(1, c.input(2, 3, 4), c.input(2, 1, 4), c.input(2, 2, 4)));
        check(Op.Slice.class, c -> Ops.slice(c.input(2, 6, 4), 1, 2, 5));
        check(Op.Slice.class, c -> Ops.slice(c.input(6, 4), 0, 1, 4));
        check(Op.Embedding.class, c -> Ops.embedding(c.parameter(6, 4), c.ids(6, 2, 5)));
        check(Op.GatherRows.class, c -> Ops.gatherRows(c.input(3, 5, 4), c.ids(5, 3)));
        check(Op.ResizeNearest.class, c -> Ops.resizeNearest(c.input(2, 3, 4, 3), 7, 8));
        for (Filter filter : Filter.values()) {
            check(Op.Resize.class, c -> Ops.unary(new Op.Resize(filter, true, 4, 5), c.input(2, 7, 8, 3)));
            check(Op.Resize.class, c -> Ops.unary(new Op.Resize(filter, false, 9, 6), c.input(2, 5, 4, 3)));
        }
        Window window = new Window(3, 3, 2, 2, 1, 1);
        check(Op.MaxPool.class, c -> Ops.unary(new Op.MaxPool(window), c.apart(c.input(2, 6, 7, 3))));
        check(Op.AveragePool.class, c -> Ops.unary(new Op.AveragePool(window, true), c.input(2, 6, 7, 3)));
        check(Op.AveragePool.class, c -> Ops.unary(new Op.AveragePool(window, false), c.input(2, 6, 7, 3)));
        check(Op.AdaptiveAveragePool.class, c -> Ops.unary(new Op.AdaptiveAveragePool(2, 3), c.input(2, 5, 7, 3)));
    }

    private void losses() {
        check(Op.MeanSquaredError.class, c -> Ops.meanSquaredError(c.input(3, 7), c.input(3, 7)));
        check(Op.MeanSquaredError.class, c -> Ops.meanSquaredError(c.input(3, 7), c.input(3, 7), c.input(3)));
        check(Op.BinaryCrossEntropy.class, c -> c.add(new Op.BinaryCrossEntropy(false), c.input(3, 7), c.input(3, 7)));
        check(Op.BinaryCrossEntropy.class, c -> c.add(new Op.BinaryCrossEntropy(true), c.input(3, 7), c.input(3, 7),
                c.positive(c.input(3, 7))));
        for (float smoothing : new float[] {0, 0.1f}) {
            check(Op.CrossEntropy.class, c -> c.add(new Op.CrossEntropy(2, smoothing), c.input(5, 4), c.ids(4, 5)));
        }
    }

    /// Checks one operation, whose operands the case makes.
    private void check(Class<? extends Op> op, Function<Case, Value> build) {
        Case c = new Case();
        Value y = build.apply(c);
        assertTrue(c.graph.values().stream().anyMatch(value -> op.isInstance(value.op())), op.getSimpleName());
        c.check(y, device);
        checked.add(op);
    }

    /// An operation with its operands.
    private static final class Case {
        private final Graph graph = new Graph();
        private final SplittableRandom random = new SplittableRandom(7);
        private final Map<Value, double[]> numbers = new LinkedHashMap<>();
        private final Map<Value, int[]> ids = new LinkedHashMap<>();
        private final Set<Value> constants = new HashSet<>();

        Value input(int... dims) {
            return numbers(graph.input("x" + numbers.size(), DType.F32, Shape.of(dims)));
        }

        Value parameter(int... dims) {
            return numbers(graph.parameter("p" + numbers.size(), Shape.of(dims)));
        }

        /// An operand without a gradient.
        Value constant(int... dims) {
            Value value = input(dims);
            constants.add(value);
            return value;
        }

        /// Whole numbers below `limit`, each of them if there are enough.
        Value ids(int limit, int... dims) {
            Value value = graph.input("ids", DType.I32, Shape.of(dims));
            int[] all = new int[value.shape().intCount()];
            Arrays.setAll(all, i -> i * 5 % limit);
            ids.put(value, all);
            return value;
        }

        private Value numbers(Value value) {
            numbers.put(value, draw(value));
            return value;
        }

        /// Between -1 and 1, in steps of 1/256.
        private double[] draw(Value value) {
            return random.ints(value.shape().count(), -256, 257).mapToDouble(i -> i / 256.0).toArray();
        }

        /// The operand with numbers from 1 to 2.
        Value positive(Value value) {
            Arrays.setAll(numbers.get(value), i -> 1 + Math.abs(numbers.get(value)[i]));
            return value;
        }

        /// The operand with numbers whose distance from 0 is 1/2 at least: no step crosses it.
        Value spread(Value value) {
            Arrays.setAll(numbers.get(value), i -> numbers.get(value)[i] + (numbers.get(value)[i] < 0 ? -0.5 : 0.5));
            return value;
        }

        /// The operand with numbers that differ by 1 at least: no step changes which is the largest.
        Value apart(Value value) {
            int count = value.shape().intCount();
            Arrays.setAll(numbers.get(value), i -> i * 37 % count);
            return value;
        }

        Value add(Op op, Value... inputs) {
            return graph.add(op, List.of(inputs));
        }

        void check(Value y, Device device) {
            String what = y.op() + " of " + numbers.keySet().stream().map(Value::shape).toList();
            Value dy = graph.input("dy", DType.F32, y.shape());
            double[] c = draw(dy);
            List<Value> wrt = numbers.keySet().stream().filter(value -> !constants.contains(value)).toList();
            graph.output("y", y);
            Gradients.of(y, dy, wrt).forEach((value, gradient) -> graph.output("gradient of " + value, gradient));
            try (Variables variables = device.variables()) {
                numbers.keySet().stream().filter(Case::isParameter).forEach(p -> variables.define(name(p), p.shape()));
                try (DeviceWeights weights = device.weights(new PrefixedCheckpoint(Map.of()), variables);
                        Executable executable = device.compile(graph, weights,
                                CompileOptions.defaults().withoutFusion())) {
                    ids.forEach((value, all) -> executable.set(name(value), all));
                    executable.set("dy", floats(c));
                    numbers.forEach((value, at) -> set(value, at, executable, variables));
                    executable.run();
                    Map<Value, float[]> gradients = wrt.stream().collect(Collectors.toMap(value -> value,
                            value -> executable.get("gradient of " + value)));
                    for (Value value : wrt) {
                        for (int i = 0; i < DIRECTIONS; i++) {
                            compare(what + ", operand " + wrt.indexOf(value), value, gradients.get(value), c,
                                    executable, variables);
                        }
                    }
                }
            }
        }

        private void compare(String what, Value value, float[] gradient, double[] c, Executable executable,
                             Variables variables) {
            double[] direction = draw(value);
            double slope = 0;
            double size = 0;
            for (int i = 0; i < gradient.length; i++) {
                slope += gradient[i] * direction[i];
                size += Math.pow(gradient[i] * direction[i], 2);
            }
            double[] d = Stream.of(STEP, STEP / 2, STEP / 4).mapToDouble(h ->
                    (along(value, direction, h, c, executable, variables)
                            - along(value, direction, -h, c, executable, variables)) / (2 * h)).toArray();
            set(value, numbers.get(value), executable, variables);
            double measured = (64 * d[2] - 20 * d[1] + d[0]) / 45;
            assertTrue(Math.abs(slope - measured) <= TOLERANCE * Math.max(Math.abs(measured), Math.sqrt(size)),
                    what + ": the gradient says " + slope + ", differences say " + measured);
        }

        /// `Σ c·y` at a distance.
        private double along(Value value, double[] direction, double distance, double[] c, Executable executable,
                             Variables variables) {
            double[] at = numbers.get(value).clone();
            Arrays.setAll(at, i -> at[i] + distance * direction[i]);
            set(value, at, executable, variables);
            executable.run();
            float[] y = executable.get("y");
            double sum = 0;
            for (int i = 0; i < y.length; i++) {
                sum += c[i] * y[i];
            }
            return sum;
        }

        private static void set(Value value, double[] at, Executable executable, Variables variables) {
            if (isParameter(value)) {
                try (Arena arena = Arena.ofConfined()) {
                    variables.write(name(value), arena.allocateFrom(ValueLayout.JAVA_FLOAT, floats(at)));
                }
            } else {
                executable.set(name(value), floats(at));
            }
        }

        private static boolean isParameter(Value value) {
            return value.op() instanceof Op.Parameter;
        }

        private static String name(Value value) {
            return switch (value.op()) {
                case Op.Input(String name) -> name;
                case Op.Parameter(String name) -> name;
                default -> throw new IllegalArgumentException(value.op() + " has no name");
            };
        }

        private static float[] floats(double[] numbers) {
            float[] floats = new float[numbers.length];
            for (int i = 0; i < floats.length; i++) {
                floats[i] = (float) numbers[i];
            }
            return floats;
        }
    }
}
