package dev.cathode.engine.nn;

import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.graph.Value;
import java.util.function.Supplier;

/// A place in a model's tree of modules: it turns short names into the full parameter names of the checkpoint.
///
/// @param graph where parameters are added
/// @param prefix the module's dotted path with a dot at the end, or empty
/// @param adapters additions to the layers
public record Scope(Graph graph, String prefix, Adapters adapters) {
    /// A place in a model as it is.
    public Scope(Graph graph, String prefix) {
        this(graph, prefix, Adapters.NONE);
    }

    /// The root of a model.
    public static Scope root(Graph graph) {
        return new Scope(graph, "");
    }

    /// A module inside this one, for example `down_blocks.0.resnets.1`.
    public Scope at(String path) {
        return new Scope(graph, prefix + path + ".", adapters);
    }

    /// An element of a list of modules.
    public Scope at(String list, int index) {
        return at(list + "." + index);
    }

    /// A parameter of this module. Convolution filters are `[O, KH, KW, I]`.
    public Value parameter(String name, int... dims) {
        return graph.parameter(prefix + name, Shape.of(dims));
    }

    /// What a layer here makes of its input, with the addition that an adapter has for it.
    Value adapted(Value x, Value y) {
        return adapters == Adapters.NONE ? y : adapters.adapt(new Scope(graph, prefix), x, y);
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
