package dev.cathode.engine.runtime;

import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Op;
import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.graph.Value;
import dev.cathode.weights.Checkpoint;
import dev.cathode.weights.CheckpointException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Where the parameters of graphs come from: variables, and a checkpoint for all others.
public final class ParameterSource {
    private final Checkpoint checkpoint;
    private final Variables variables;
    /// Parameters found in the checkpoint, in the shapes they were found in.
    private final Map<String, Shape> fitting = new HashMap<>();

    /// @param checkpoint what is no variable
    /// @param variables what changes
    public ParameterSource(Checkpoint checkpoint, Variables variables) {
        this.checkpoint = checkpoint;
        this.variables = variables;
    }

    /// Checks that every parameter of the graph is there in its shape.
    ///
    /// @throws CheckpointException that lists all that do not fit
    public void check(Graph graph) {
        List<String> wrong = new ArrayList<>();
        Map<String, Shape> changing = variables.shapes();
        graph.parameters().forEach((name, value) -> {
            if (value.shape().equals(fitting.get(name))) {
                return;
            }
            if (changing.containsKey(name)) {
                if (!value.shape().equals(changing.get(name))) {
                    wrong.add("variable " + name + " is " + changing.get(name) + ", not " + value.shape());
                }
            } else if (!checkpoint.names().contains(name)) {
                wrong.add(name + " " + value.shape().torch() + " is missing");
            } else if (!fits(value.shape(), checkpoint.tensor(name).shape())) {
                wrong.add(name + " is " + checkpoint.tensor(name).shape() + ", not " + value.shape().torch());
            } else {
                fitting.put(name, value.shape());
            }
        });
        if (!wrong.isEmpty()) {
            int shown = Math.min(wrong.size(), 8);
            throw new CheckpointException(checkpoint.source() + " does not fit the model's config: "
                    + String.join("; ", wrong.subList(0, shown))
                    + (wrong.size() > shown ? "; and " + (wrong.size() - shown) + " more" : ""));
        }
    }

    /// Whether a parameter, perhaps under another shape or type, is a variable.
    public boolean isVariable(Value parameter) {
        return variables.shapes().containsKey(name(parameter));
    }

    /// The name of a parameter that may be under another shape or type.
    ///
    /// @throws IllegalArgumentException if the value is no parameter
    public static String name(Value parameter) {
        return switch (parameter.op()) {
            case Op.Parameter(String name) -> name;
            case Op.Reshape _, Op.Cast _ -> name(parameter.input(0));
            default -> throw new IllegalArgumentException(parameter.op() + " is no parameter: weights of linear layers"
                    + " and convolutions, tables and norm vectors must be");
        };
    }

    /// Linear weights and filters of 1×1 convolutions are interchangeable.
    private static boolean fits(Shape shape, List<Long> file) {
        List<Long> wanted = shape.torch();
        return wanted.equals(file) || matrix(wanted) != null && matrix(wanted).equals(matrix(file));
    }

    private static List<Long> matrix(List<Long> dims) {
        boolean pointwise = dims.size() == 4 && dims.get(2) == 1 && dims.get(3) == 1;
        return dims.size() == 2 || pointwise ? dims.subList(0, 2) : null;
    }
}
