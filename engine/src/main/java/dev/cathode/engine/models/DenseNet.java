package dev.cathode.engine.models;

import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Op;
import dev.cathode.engine.graph.Ops;
import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.graph.Value;
import dev.cathode.engine.nn.Layers;
import dev.cathode.engine.nn.RunningStatistics;
import dev.cathode.engine.nn.Scope;
import dev.cathode.kernels.cpu.Activation;
import dev.cathode.kernels.cpu.Rearrangement.Window;
import dev.cathode.weights.DType;
import java.util.function.Consumer;

/// DenseNet, the usual classifier of chest radiographs: every layer of a block sees what all layers before it made.
///
/// Huang et al. 2017, https://arxiv.org/abs/1608.06993; Rajpurkar et al. 2017, https://arxiv.org/abs/1711.05225.
/// Parameter names are those of torchvision and torchxrayvision.
public final class DenseNet {
    /// Added to variances by torchvision's batch normalisations.
    static final double EPSILON = 1e-5;

    private final DenseNetConfig config;
    private final Norm norm;

    /// Batch normalisation and an activation: by running statistics or by those of the batch.
    private interface Norm {
        Value of(Scope at, Value x, Activation activation);
    }

    private DenseNet(DenseNetConfig config, Norm norm) {
        this.config = config;
        this.norm = norm;
    }

    /// What the network returns.
    ///
    /// @param features F32 `[N, C]`: the mean of the last feature maps
    /// @param logits F32 `[N, classes]`
    public record Output(Value features, Value logits) { }

    /// The network in a graph of its own, as it judges pictures: normalised by running statistics.
    ///
    /// Input: `pixel_values` F32 `[N, channels, height, width]`, scaled as in training (torchxrayvision: -1024 to
    /// 1024). Outputs: `features`, `logits`, see [Output]. Taps: the modules of the file, `features.pool0`,
    /// `features.denseblock1`, `features.transition1` … `features.norm5`, each `[N, h, w, C]`.
    public static Graph graph(DenseNetConfig config, int batch, int height, int width) {
        Graph graph = new Graph();
        Value pixels = graph.input("pixel_values", DType.F32, Shape.of(batch, config.inChannels(), height, width));
        Output output = forward(Scope.root(graph), config, pixels);
        graph.output("features", output.features);
        graph.output("logits", output.logits);
        return graph;
    }

    /// Adds the network to a graph; taps as in [#graph].
    ///
    /// @param at where `features` and `classifier` are
    /// @param pixelValues F32 `[N, channels, height, width]`
    public static Output forward(Scope at, DenseNetConfig config, Value pixelValues) {
        return new DenseNet(config, (scope, x, activation) ->
                Ops.activate(Layers.batchNorm(scope, x, EPSILON), activation)).forward(at, pixelValues);
    }

    /// Adds the network to a graph as it is trained: normalised by the statistics of the batch itself.
    ///
    /// @param at where `features` and `classifier` are
    /// @param pixelValues F32 `[N, channels, height, width]`
    /// @param statistics told of what the running statistics are to learn from the batch, see [RunningStatistics]
    public static Output trainingForward(Scope at, DenseNetConfig config, Value pixelValues,
                                         Consumer<RunningStatistics> statistics) {
        return new DenseNet(config, (scope, x, activation) -> {
            var batch = Layers.batchNormTraining(scope, x, EPSILON, activation);
            statistics.accept(batch.statistics());
            return batch.y();
        }).forward(at, pixelValues);
    }

    private Output forward(Scope at, Value pixelValues) {
        Scope features = at.at("features");
        Value x = stem(features, Ops.toChannelsLast(pixelValues));
        for (int block = 1; block <= config.blockConfig().size(); block++) {
            x = features.tap("denseblock" + block, denseBlock(features.at("denseblock" + block),
                    config.blockConfig().get(block - 1), x));
            if (block < config.blockConfig().size()) {
                x = features.tap("transition" + block, transition(features.at("transition" + block), x));
            }
        }
        x = features.tap("norm5", norm.of(features.at("norm5"), x, Activation.NONE)); // called 5 whatever the blocks
        x = Ops.unary(new Op.AdaptiveAveragePool(1, 1), Ops.activate(x, Activation.RELU));
        Value pooled = Ops.reshape(x, x.shape().dim(0), x.shape().last());
        return new Output(pooled, Layers.linear(at.at("classifier"), pooled, config.numClasses()));
    }

    /// `[N, H, W, channels]` to `[N, H / 4, W / 4, C]`, rounded up.
    private Value stem(Scope at, Value x) {
        x = Layers.conv2dNoBias(at.at("conv0"), x, config.numInitFeatures(), 7, Op.Geometry.of(2, 3));
        x = norm.of(at.at("norm0"), x, Activation.RELU);
        return at.tap("pool0", Ops.unary(new Op.MaxPool(new Window(3, 3, 2, 2, 1, 1)), x));
    }

    /// `[N, h, w, C]` to `[N, h, w, C + layers · growth]`.
    private Value denseBlock(Scope at, int layers, Value x) {
        for (int i = 1; i <= layers; i++) {
            Scope layer = at.at("denselayer" + i);
            Value y = Layers.conv2dNoBias(layer.at("conv1"), norm.of(layer.at("norm1"), x, Activation.RELU),
                    config.bnSize() * config.growthRate(), 1, Op.Geometry.of(1, 0));
            y = Layers.conv2dNoBias(layer.at("conv2"), norm.of(layer.at("norm2"), y, Activation.RELU),
                    config.growthRate(), 3, Op.Geometry.of(1, 1));
            x = Ops.concat(-1, x, y);
        }
        return x;
    }

    /// `[N, h, w, C]` to `[N, h / 2, w / 2, C / 2]`.
    private Value transition(Scope at, Value x) {
        x = Layers.conv2dNoBias(at.at("conv"), norm.of(at.at("norm"), x, Activation.RELU), x.shape().last() / 2, 1,
                Op.Geometry.of(1, 0));
        return Ops.unary(new Op.AveragePool(new Window(2, 2, 2, 2, 0, 0), true), x);
    }
}
