package dev.cathode.engine.train;

import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.runtime.Device;
import dev.cathode.engine.runtime.Variables;
import dev.cathode.weights.Checkpoint;
import dev.cathode.weights.CheckpointException;
import dev.cathode.weights.Conversions;
import dev.cathode.weights.DType;
import dev.cathode.weights.FileTensor;
import dev.cathode.weights.SafetensorsWriter;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Everything that training changes: parameters in float32, what the optimizer remembers of each, their moving average,
/// the gradients added up so far, and buffers such as running statistics.
///
/// Tensors go in and out in PyTorch's layout; inside they have the engine's.
public final class TrainingState implements AutoCloseable {
    private final Variables variables;
    private final Map<String, Shape> trainable;
    private final Map<String, Shape> buffers;
    private final List<String> slots;
    private final boolean ema;

    /// Defines the variables; all are zero.
    ///
    /// @param trainable parameters that the optimizer changes, with the engine's shapes
    /// @param buffers parameters that steps change without gradients
    /// @param accumulate whether gradients of several batches are added up
    /// @throws dev.cathode.engine.runtime.InsufficientMemoryException if they do not fit; nothing is allocated then
    public TrainingState(Device device, Map<String, Shape> trainable, Map<String, Shape> buffers, StepOptions options,
                         boolean accumulate) {
        variables = device.variables();
        this.trainable = new LinkedHashMap<>(trainable);
        this.buffers = new LinkedHashMap<>(buffers);
        slots = new ArrayList<>(options.optimizer().slots());
        ema = options.ema();
        variables.require(bytes(trainable, 1 + slots.size() + (ema ? 1 : 0) + (accumulate ? 1 : 0)) + bytes(buffers, 1));
        variables.define(StepGraphs.HALTED, Shape.of());
        trainable.forEach(variables::define);
        buffers.forEach(variables::define);
        for (String slot : slots) {
            trainable.forEach((name, shape) -> variables.define(StepGraphs.slot(slot, name), shape));
        }
        if (ema) {
            trainable.forEach((name, shape) -> variables.define(StepGraphs.slot(StepGraphs.EMA, name), shape));
        }
        if (accumulate) {
            trainable.forEach((name, shape) -> variables.define(StepGraphs.slot(StepGraphs.GRADIENT, name), shape));
        }
    }

    /// The variables, for compiling graphs that read them as they are now: validation, for example.
    public Variables variables() {
        return variables;
    }

    private static long bytes(Map<String, Shape> shapes, int copies) {
        return copies * shapes.values().stream().mapToLong(Shape::count).sum() * Float.BYTES;
    }

    /// The parameters that the optimizer changes.
    public Map<String, Shape> trainable() {
        return trainable;
    }

    /// Bytes of memory in use.
    public long bytes() {
        return variables.bytes();
    }

    /// Sets parameters and buffers from a checkpoint, and the moving average to the same numbers.
    ///
    /// @throws CheckpointException if one is missing or has another shape
    public void start(Checkpoint checkpoint) {
        read(checkpoint, trainable.keySet(), "");
        read(checkpoint, buffers.keySet(), "");
        if (ema) {
            trainable.forEach((name, shape) -> write(StepGraphs.slot(StepGraphs.EMA, name), checkpoint.tensor(name)));
        }
    }

    /// The kinds of tensors beside the parameters that a run needs to go on: the optimizer's slots, and `ema`.
    public List<String> kinds() {
        List<String> kinds = new ArrayList<>(slots);
        if (ema) {
            kinds.add(StepGraphs.EMA);
        }
        return kinds;
    }

    /// Restores the tensors of one kind, under the names of their parameters.
    ///
    /// @param kind one of [#kinds()], or empty for the parameters (and buffers) themselves
    public void read(String kind, Checkpoint checkpoint) {
        if (kind.isEmpty()) {
            read(checkpoint, trainable.keySet(), "");
            read(checkpoint, buffers.keySet(), "");
        } else {
            read(checkpoint, trainable.keySet(), kind + '/');
        }
    }

    private void read(Checkpoint checkpoint, Collection<String> names, String prefix) {
        for (String name : names) {
            FileTensor tensor = checkpoint.tensor(name);
            write(prefix + name, tensor);
            checkpoint.release(tensor);
        }
    }

    /// The tensors of one kind for writing, under the names of their parameters, as float32 in PyTorch's layout.
    ///
    /// @param kind one of [#kinds()], or empty for the parameters (and buffers) themselves
    public List<SafetensorsWriter.Entry> tensors(String kind) {
        Map<String, Shape> shapes = new LinkedHashMap<>(trainable);
        if (kind.isEmpty()) {
            shapes.putAll(buffers);
        }
        List<SafetensorsWriter.Entry> entries = new ArrayList<>();
        shapes.forEach((name, shape) -> entries.add(new SafetensorsWriter.Entry(name, DType.F32, shape.torch(),
                () -> tensor(kind.isEmpty() ? name : StepGraphs.slot(kind, name), shape))));
        return entries;
    }

    /// One tensor in PyTorch's layout.
    private MemorySegment tensor(String variable, Shape shape) {
        MemorySegment numbers = Arena.ofAuto().allocate(shape.count() * Float.BYTES, 64);
        variables.read(variable, numbers);
        return shape.rank() == 4 ? permuted(numbers, shape.dim(0), shape.product(1, 3), shape.last()) : numbers;
    }

    private void write(String variable, FileTensor tensor) {
        Shape shape = variables.shapes().get(variable);
        if (tensor.count() != shape.count() || tensor.shape().getFirst() != shape.dim(0)) {
            throw new CheckpointException("tensor " + tensor.name() + " is " + tensor.shape() + ", not "
                    + shape.torch());
        }
        MemorySegment numbers = Arena.ofAuto().allocate(shape.count() * Float.BYTES, 64);
        float[] block = new float[(int) Math.min(1 << 16, shape.count())];
        for (long first = 0; first < shape.count(); first += block.length) {
            int part = (int) Math.min(block.length, shape.count() - first);
            Conversions.toFloats(tensor.data(), tensor.dtype(), first, block, 0, part);
            MemorySegment.copy(block, 0, numbers, ValueLayout.JAVA_FLOAT, first * Float.BYTES, part);
        }
        variables.write(variable, shape.rank() == 4
                ? permuted(numbers, shape.dim(0), shape.last(), shape.product(1, 3)) : numbers);
    }

    /// Exchanges the last two of three axes.
    private static MemorySegment permuted(MemorySegment from, int outer, int rows, int columns) {
        MemorySegment to = Arena.ofAuto().allocate(from.byteSize(), 64);
        if (rows == 1 || columns == 1) {
            return to.copyFrom(from);
        }
        for (long o = 0; o < outer; o++) {
            long start = o * rows * columns;
            for (long r = 0; r < rows; r++) {
                for (long c = 0; c < columns; c++) {
                    to.setAtIndex(ValueLayout.JAVA_FLOAT, start + c * rows + r,
                            from.getAtIndex(ValueLayout.JAVA_FLOAT, start + r * columns + c));
                }
            }
        }
        return to;
    }

    @Override
    public void close() {
        variables.close();
    }
}
