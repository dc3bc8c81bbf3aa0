package dev.cathode.engine.compile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Op;
import dev.cathode.engine.graph.Ops;
import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.graph.Value;
import dev.cathode.engine.nn.Layers;
import dev.cathode.engine.nn.Scope;
import dev.cathode.kernels.cpu.Activation;
import dev.cathode.kernels.cpu.Epilogue;
import dev.cathode.weights.DType;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class FusionTest {
    private final Graph graph = new Graph();
    private final Scope root = Scope.root(graph);
    private final Value x = graph.input("x", DType.F32, Shape.of(2, 8, 8, 16));

    private List<Op> kernels(Set<String> taps) {
        return Fusion.apply(graph, taps).values().stream().map(Value::op)
                .filter(op -> !(op instanceof Op.Input || op instanceof Op.Parameter || op instanceof Op.Reshape)).toList();
    }

    @Test
    void aResnetBlockIsFourKernels() {
        Value time = graph.input("time", DType.F32, Shape.of(2, 16));
        Value h = Ops.silu(Layers.groupNorm(root.at("norm1"), x, 4, 1e-5));
        h = Layers.conv3x3(root.at("conv1"), h, 16);
        h = Ops.add(h, Ops.reshape(time, 2, 1, 1, 16));
        h = Ops.silu(Layers.groupNorm(root.at("norm2"), h, 4, 1e-5));
        graph.output("y", Ops.add(x, Layers.conv3x3(root.at("conv2"), h, 16)));

        assertEquals(List.of(
                new Op.GroupNorm(4, 1e-5f, Activation.SILU),
                new Op.Conv2d(Op.Geometry.of(1, 1), new Epilogue(true, true, Activation.NONE, false, false)),
                new Op.GroupNorm(4, 1e-5f, Activation.SILU),
                new Op.Conv2d(Op.Geometry.of(1, 1), new Epilogue(true, false, Activation.NONE, false, true))),
                kernels(Set.of()));
    }

    @Test
    void aGatedFeedForwardIsTwoKernels() {
        Value rows = Ops.reshape(x, 2, 64, 16);
        Value h = Ops.gatedGelu(Layers.linear(root.at("up"), rows, 128));
        graph.output("y", Ops.add(Layers.linear(root.at("down"), h, 16), rows));

        assertEquals(List.of(
                new Op.Linear(new Epilogue(true, false, Activation.NONE, true, false)),
                new Op.Linear(new Epilogue(true, false, Activation.NONE, false, true))), kernels(Set.of()));
    }

    @Test
    void anUpsamplerIsOneKernel() {
        graph.output("y", Layers.conv3x3(root.at("conv"), Ops.resizeNearest(x, 16, 15), 8));

        assertEquals(List.of(new Op.Conv2d(Op.Geometry.of(1, 1).resized(16, 15), Epilogue.BIAS)), kernels(Set.of()));
    }

    @Test
    void theLaterOfTwoProductsTakesTheSum() {
        Value shortcut = Layers.conv1x1(root.at("shortcut"), x, 8);
        graph.output("y", Ops.add(shortcut, Layers.conv3x3(root.at("conv"), x, 8)));

        Graph fused = Fusion.apply(graph, Set.of());
        Value sum = fused.outputs().get("y");
        assertEquals(3, sum.input(1).shape().dim(1), "the 3×3 convolution adds");
        assertEquals(1, sum.inputs().getLast().input(1).shape().dim(1), "the 1×1 convolution is added");
    }

    @Test
    void whatIsReadTwiceStaysItself() {
        Value h = Layers.conv3x3(root.at("conv"), x, 16);
        graph.output("y", Ops.add(Ops.silu(h), Ops.activate(h, Activation.TANH)));

        assertEquals(4, kernels(Set.of()).size());
    }

    @Test
    void aTapIsKeptOnlyIfWanted() {
        Value h = graph.tap("inner", Layers.conv3x3(root.at("conv"), x, 16));
        graph.output("y", Ops.silu(h));

        assertEquals(1, kernels(Set.of()).size());
        assertEquals(2, kernels(Set.of("inner")).size());
        assertTrue(Fusion.apply(graph, Set.of("inner")).outputs().containsKey("tap.inner"));
        assertTrue(assertThrows(IllegalArgumentException.class, () -> kernels(Set.of("outer"))).getMessage()
                .contains("inner"));
    }

    @Test
    void whatNobodyNeedsDisappears() {
        Layers.conv3x3(root.at("unused"), x, 16);
        graph.output("y", Ops.silu(x));

        Graph fused = Fusion.apply(graph, Set.of());
        assertEquals(Set.of(), fused.parameters().keySet());
        assertEquals(Set.of("x"), fused.inputs().keySet());
    }

    @Test
    void anActivationAfterAResidualIsNotPulledBeforeIt() {
        Value sum = Ops.add(Layers.conv3x3(root.at("conv"), x, 16), x);
        graph.output("y", Ops.silu(sum));

        assertEquals(List.of(
                new Op.Conv2d(Op.Geometry.of(1, 1), new Epilogue(true, false, Activation.NONE, false, true)),
                new Op.Activate(Activation.SILU)), kernels(Set.of()));
    }
}
