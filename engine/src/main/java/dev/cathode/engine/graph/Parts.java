package dev.cathode.engine.graph;

import java.util.List;

/// Several tensors in one value: an operation with several results returns them one behind the other as one vector,
/// each beginning at a multiple of 16 elements. Taking one out costs nothing: a slice of the outermost axis is a place
/// in memory, not a copy.
///
/// @param shapes the tensors
public record Parts(List<Shape> shapes) {
    private static final long ALIGNMENT = 16;

    /// Copies.
    public Parts {
        shapes = List.copyOf(shapes);
    }

    /// Parts of these shapes.
    public static Parts of(Shape... shapes) {
        return new Parts(List.of(shapes));
    }

    /// The shape of the vector.
    public Shape shape() {
        return Shape.of(offset(shapes.size()));
    }

    /// The element at which a part begins.
    public int offset(int part) {
        return Math.toIntExact(shapes.subList(0, part).stream()
                .mapToLong(shape -> (shape.count() + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT).sum());
    }

    /// One of the tensors of the vector.
    public Value of(Value vector, int part) {
        Shape shape = shapes.get(part);
        int start = offset(part);
        return Ops.reshape(Ops.slice(vector, 0, start, start + shape.intCount()), shape.toArray());
    }

    /// Whether the value is the vector of several results.
    public static boolean isVector(Value value) {
        return switch (value.op()) {
            case Op.BatchNormTraining _, GradientOp.GroupNorm _, GradientOp.LayerNorm _, GradientOp.BatchNorm _,
                 GradientOp.BatchNormTraining _, GradientOp.Attention _ -> true;
            default -> false;
        };
    }

    /// The parts of an operation that has several results.
    ///
    /// @throws IllegalArgumentException if the operation has one result
    public static Parts of(Value value) {
        return of(value.op(), value.inputs());
    }

    static Parts of(Op op, List<Value> inputs) {
        Shape first = inputs.getFirst().shape();
        Shape channels = Shape.of(first.last());
        return switch (op) {
            case Op.BatchNormTraining _, GradientOp.GroupNorm _, GradientOp.LayerNorm _, GradientOp.BatchNorm _,
                 GradientOp.BatchNormTraining _ -> of(first, channels, channels);
            case GradientOp.Attention _ -> of(first, inputs.get(1).shape(), inputs.get(2).shape());
            default -> throw new IllegalArgumentException(op + " has one result");
        };
    }
}
