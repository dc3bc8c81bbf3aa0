package dev.cathode.engine.nn;

import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.graph.Value;
import java.util.function.Supplier;

/// A place in a model's tree of modules: it turns short names into the full parameter names of the checkpoint.
///
/// @param graph where parameters are added
/// @param prefix the module's dotted path with a dot at the end, or empty
public record Scope(Graph graph, String prefix) {
    /// The root of a model.
    public static Scope root(Graph graph) {
        return new Scope(graph, "");
    }

    /// A module inside this one, for example `down_blocks.0.resnets.1`.
    public Scope at(String path) {
        return new Scope(graph, prefix + path + ".");
    }

    /// An element of a list of modules.
    public Scope at(String list, int index) {
        return at(list + "." + index);
    }

    /// A parameter of this module. Convolution filters are `[O, KH, KW, I]`.
    public Value parameter(String name, int... dims) {
        return graph.parameter(prefix + name, Shape.of(dims));
    }

    /// What this module computes, as a block that training may compute twice rather than remember; see [Graph#block].
    public Value block(Supplier<Value> content) {
        return graph.block(prefix, content);
    }

    /// Names a value of this module for reading back; returns the value.
    public Value tap(String name, Value value) {
        return graph.tap(prefix + name, value);
    }
}
