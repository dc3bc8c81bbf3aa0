package dev.cathode.engine.gradients;

import dev.cathode.engine.graph.Ops;
import dev.cathode.engine.graph.Value;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;

/// Reverse-mode differentiation: adds to a graph the values that are the gradients of a scalar.
///
/// Only what lies on a way from the chosen parameters or inputs to the loss is differentiated, so whatever is frozen
/// costs nothing. Gradients come before fusion: products with an epilogue beyond a bias are refused.
public final class Gradients {
    private final Set<Value> needed = new HashSet<>();
    private final Map<Value, Value> gradients = new HashMap<>();

    private Gradients() { }

    /// Adds the gradients of `loss` with respect to some values of its graph.
    ///
    /// @param loss a scalar
    /// @param wrt parameters, inputs, or any values the loss depends on
    /// @return the gradient of each, in the shape of the value
    /// @throws IllegalArgumentException if the loss does not depend on one of them, or an operation between has no
    ///         derivative
    public static Map<Value, Value> of(Value loss, Collection<Value> wrt) {
        return of(loss, one(loss), wrt);
    }

    /// Adds vector-Jacobian products: the gradients of the sum over all elements of `y` times `dy`.
    ///
    /// @param dy a value of the graph, in the shape of y
    /// @throws IllegalArgumentException as [#of(Value, Collection)]
    public static Map<Value, Value> of(Value y, Value dy, Collection<Value> wrt) {
        Map<Value, Value> found = new LinkedHashMap<>();
        new Gradients().sweep(y, dy, Set.copyOf(wrt), found::put);
        Map<Value, Value> ordered = new LinkedHashMap<>();
        wrt.forEach(value -> ordered.put(value, found.get(value)));
        return ordered;
    }

    /// As [#of(Value, Collection)], but hands out each gradient as soon as it is complete: when everything that reads
    /// the value has been passed. What `ready` adds to the graph then runs there, so an update of a parameter may
    /// follow at once, and the gradient's memory is free again before the next one is computed.
    public static void each(Value loss, Collection<Value> wrt, BiConsumer<Value, Value> ready) {
        new Gradients().sweep(loss, one(loss), Set.copyOf(wrt), ready);
    }

    private static Value one(Value loss) {
        if (loss.shape().count() != 1) {
            throw new IllegalArgumentException("only a scalar has gradients, not " + loss.shape());
        }
        return Ops.fill(loss.graph(), 1, loss.shape());
    }

    private void sweep(Value loss, Value seed, Set<Value> wrt, BiConsumer<Value, Value> ready) {
        if (!seed.shape().equals(loss.shape())) {
            throw new IllegalArgumentException("the gradient of " + loss.shape() + " cannot be " + seed.shape());
        }
        List<Value> before = new ArrayList<>(loss.graph().values().subList(0, loss.id() + 1));
        for (Value value : before) {
            if (wrt.contains(value) || value.inputs().stream().anyMatch(needed::contains)) {
                needed.add(value);
            }
        }
        gradients.put(loss, seed);
        Set<Value> missing = new HashSet<>(wrt);
        for (Value value : before.reversed()) {
            Value gradient = gradients.remove(value);
            if (gradient == null || !needed.contains(value)) {
                continue;
            }
            if (missing.remove(value)) {
                ready.accept(value, gradient);
            }
            pass(value, gradient);
        }
        if (!missing.isEmpty()) {
            throw new IllegalArgumentException("the loss does not depend on "
                    + missing.stream().map(value -> value.op().toString()).sorted().limit(5).toList()
                    + (missing.size() > 5 ? " and " + (missing.size() - 5) + " more" : ""));
        }
    }

    /// Hands the gradient of a value on to its inputs.
    private void pass(Value y, Value dy) {
        List<Value> inputs = VectorJacobian.of(y, dy, i -> needed.contains(y.input(i)));
        for (int i = 0; i < inputs.size(); i++) {
            if (inputs.get(i) != null && needed.contains(y.input(i))) {
                gradients.merge(y.input(i), inputs.get(i), Ops::add);
            }
        }
    }
}
