package dev.cathode.engine.graph;

import dev.cathode.weights.DType;
import java.util.List;

/// One value of a graph: what an operation makes of its inputs (static single assignment). Values are made by
/// [Graph#add] and the functions of [Ops]; there is nothing to close or free.
public final class Value {
    private final Graph graph;
    private final int id;
    private final Op op;
    private final List<Value> inputs;
    private final Shape shape;
    private final DType dtype;
    private final String block;

    Value(Graph graph, int id, Op op, List<Value> inputs, Shape shape, DType dtype, String block) {
        this.graph = graph;
        this.id = id;
        this.op = op;
        this.inputs = List.copyOf(inputs);
        this.shape = shape;
        this.dtype = dtype;
        this.block = block;
    }

    /// The graph this belongs to.
    public Graph graph() {
        return graph;
    }

    /// Position in the graph; inputs have smaller ones.
    public int id() {
        return id;
    }

    /// What makes it.
    public Op op() {
        return op;
    }

    /// What it is made of.
    public List<Value> inputs() {
        return inputs;
    }

    /// One input.
    public Value input(int index) {
        return inputs.get(index);
    }

    /// Sizes of the axes.
    public Shape shape() {
        return shape;
    }

    /// Type of the elements.
    public DType dtype() {
        return dtype;
    }

    /// The block it belongs to (see [Graph#block]), or an empty string.
    public String block() {
        return block;
    }

    /// Bytes of the whole value, contiguous.
    public long bytes() {
        return shape.count() * dtype.bytes();
    }

    @Override
    public String toString() {
        return "%" + id;
    }
}
