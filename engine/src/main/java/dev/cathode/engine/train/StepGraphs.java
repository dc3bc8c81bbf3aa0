package dev.cathode.engine.train;

import dev.cathode.engine.compile.Fusion;
import dev.cathode.engine.compile.MixedPrecision;
import dev.cathode.engine.compile.Recompute;
import dev.cathode.engine.gradients.Gradients;
import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Op;
import dev.cathode.engine.graph.Ops;
import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.graph.UpdateOp;
import dev.cathode.engine.graph.Value;
import dev.cathode.weights.DType;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// From the graph of a loss to the graphs of a training step.
///
/// With one batch a step, everything is one graph. Where gradients are clipped, all of them are needed before the first
/// update; where they are not, each parameter is updated as soon as its gradient is known, which then need not be kept:
/// a quarter less memory. With several batches a step, one graph adds gradients up and another one applies them.
///
/// If the loss (or the gradients' norm, where it is computed) is not finite, nothing changes, in no later step either:
/// results may be read when later steps have long begun, and the parameters shall still be those before the bad step.
final class StepGraphs {
    static final String LOSS = "loss";
    private static final String SHARED_LOSS = "shared_loss";
    static final String GRADIENT_NORM = "gradient_norm";
    static final String LEARNING_RATE = "learning_rate";
    static final String STEP = "step";
    static final String EMA_WEIGHT = "ema_weight";
    static final String SHARE = "share";
    static final String GRADIENT = "gradient";
    static final String EMA = "ema";
    /// A variable `[]`: 0, and NaN once a step was not finite.
    static final String HALTED = "halted";

    private final Graph graph;
    private final StepOptions options;
    private Value learningRate;
    private Value step;
    private Value emaWeight;

    private StepGraphs(Graph graph, StepOptions options) {
        this.graph = graph;
        this.options = options;
    }

    /// The name of a variable that belongs to a parameter: a moment of the optimizer, a moving average.
    static String slot(String kind, String parameter) {
        return kind + '/' + parameter;
    }

    /// The loss, its gradients, and the updates.
    static Graph whole(Graph objective, Collection<String> trainable, StepOptions options) {
        var graphs = new StepGraphs(Fusion.normalizations(objective), options);
        graphs.inputs();
        graphs.differentiateAndUpdate(trainable);
        return graphs.passes(LOSS);
    }

    /// The loss alone, in the precision of the steps: so that frozen weights serve both.
    static Graph evaluating(Graph objective, StepOptions options) {
        return options.bfloat16() ? MixedPrecision.apply(objective, objective.outputs().get(LOSS)) : objective;
    }

    /// What the options ask for beside gradients and updates; `last` is the output that ends the forward pass.
    private Graph passes(String last) {
        Graph step = options.gradientCheckpointing() ? Recompute.apply(graph, graph.outputs().get(last)) : graph;
        return options.bfloat16() ? MixedPrecision.apply(step, step.outputs().get(last)) : step;
    }

    private void inputs() {
        learningRate = graph.input(LEARNING_RATE, DType.F32, Shape.of());
        step = graph.input(STEP, DType.I32, Shape.of());
        emaWeight = options.ema() ? graph.input(EMA_WEIGHT, DType.F32, Shape.of()) : null;
    }

    private void differentiateAndUpdate(Collection<String> trainable) {
        Value loss = graph.outputs().get(LOSS);
        List<Value> parameters = parameters(trainable);
        if (options.maxGradNorm() == 0) {
            Value norm = norm(List.of(loss));
            Value factor = factor(norm);
            Gradients.each(loss, parameters, (parameter, gradient) -> update(parameter, gradient, factor));
            halt(norm);
        } else {
            Map<Value, Value> gradients = Gradients.of(loss, parameters);
            clipAndUpdate(gradients);
        }
    }

    /// The loss times `share`, its part in the loss of all batches of the step; its gradients are added to those of the
    /// batches before.
    static Graph accumulating(Graph objective, Collection<String> trainable, StepOptions options) {
        Graph graph = Fusion.normalizations(objective);
        Value share = graph.input(SHARE, DType.F32, Shape.of());
        Value loss = Ops.multiply(graph.outputs().get(LOSS), share);
        graph.output(SHARED_LOSS, loss);
        var graphs = new StepGraphs(graph, options);
        Gradients.each(loss, graphs.parameters(trainable), (parameter, gradient) ->
                graph.effect(graph.add(new UpdateOp.Accumulate(), List.of(graphs.slotOf(GRADIENT, parameter), gradient))));
        return graphs.passes(SHARED_LOSS);
    }

    /// Applies the gradients that were added up, and clears them.
    static Graph applying(Map<String, Shape> trainable, StepOptions options) {
        Graph graph = new Graph();
        var graphs = new StepGraphs(graph, options);
        graphs.inputs();
        Map<Value, Value> gradients = new LinkedHashMap<>();
        trainable.forEach((name, shape) -> {
            Value parameter = graph.parameter(name, shape);
            gradients.put(parameter, graphs.slotOf(GRADIENT, parameter));
        });
        graphs.clipAndUpdate(gradients);
        gradients.values().forEach(gradient -> graph.effect(graph.add(new UpdateOp.Clear(), List.of(gradient))));
        return graph;
    }

    private void clipAndUpdate(Map<Value, Value> gradients) {
        Value norm = norm(gradients.values());
        graph.output(GRADIENT_NORM, norm);
        Value factor = factor(norm);
        gradients.forEach((parameter, gradient) -> update(parameter, gradient, factor));
        halt(norm);
    }

    /// NaN after a step that was not finite.
    private Value norm(Collection<Value> values) {
        List<Value> all = new ArrayList<>(values);
        all.add(graph.parameter(HALTED, Shape.of()));
        return graph.add(new Op.Norm(), all);
    }

    private Value factor(Value norm) {
        return Ops.unary(new Op.ClipFactor(options.maxGradNorm() == 0 ? Float.MAX_VALUE
                : (float) options.maxGradNorm()), norm);
    }

    /// No step after this one changes anything if the norm is not finite: `halted += 0 · norm`.
    private void halt(Value norm) {
        graph.effect(graph.add(new UpdateOp.Accumulate(),
                List.of(graph.parameter(HALTED, Shape.of()), Ops.affine(norm, 0, 0))));
    }

    private void update(Value parameter, Value gradient, Value factor) {
        List<Value> slots = new ArrayList<>();
        options.optimizer().slots().forEach(slot -> slots.add(slotOf(slot, parameter)));
        options.optimizer().update(parameter, slots, gradient, learningRate, step, factor);
        if (options.ema()) {
            graph.effect(graph.add(new UpdateOp.Average(),
                    List.of(slotOf(EMA, parameter), parameter, emaWeight, factor)));
        }
    }

    private Value slotOf(String kind, Value parameter) {
        return graph.parameter(slot(kind, ((Op.Parameter) parameter.op()).name()), parameter.shape());
    }

    private List<Value> parameters(Collection<String> names) {
        return names.stream().map(name -> {
            Value parameter = graph.parameters().get(name);
            if (parameter == null) {
                throw new IllegalArgumentException("the loss has no parameter " + name);
            }
            return parameter;
        }).toList();
    }
}
