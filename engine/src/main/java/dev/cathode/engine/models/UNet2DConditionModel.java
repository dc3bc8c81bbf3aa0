package dev.cathode.engine.models;

import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Op;
import dev.cathode.engine.graph.Ops;
import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.graph.Value;
import dev.cathode.engine.nn.Layers;
import dev.cathode.engine.nn.Scope;
import dev.cathode.weights.DType;
import java.util.ArrayDeque;
import java.util.Deque;

/// The network that predicts a latent's noise (or velocity) from the latent, the timestep and the text.
///
/// Rombach et al. 2022, https://arxiv.org/abs/2112.10752; a U-Net (Ronneberger et al. 2015,
/// https://arxiv.org/abs/1505.04597) with transformers. Parameter names are those of diffusers'
/// `UNet2DConditionModel`, as published for Stable Diffusion 1 and 2.
public final class UNet2DConditionModel {
    private static final double MAX_PERIOD = 10_000;

    private final UNet2DConditionConfig config;
    private final Scope root;
    /// SiLU of the timestep's embedding, which every resnet reads.
    private final Value time;
    private final Value context;
    /// Results of the way down, the latest on top; the way up takes them off.
    private final Deque<Value> skips = new ArrayDeque<>();

    private UNet2DConditionModel(UNet2DConditionConfig config, Scope root, Value time, Value context) {
        this.config = config;
        this.root = root;
        this.time = time;
        this.context = context;
    }

    /// The network in a graph of its own.
    ///
    /// Inputs: `sample` F32 `[N, C, H, W]`, `timestep` F32 `[N]`, `encoder_hidden_states` F32 `[N, L, D]`. Output:
    /// `out` F32 `[N, C', H, W]`. Taps: as [#forward].
    ///
    /// @param height rows of the latent
    /// @param width columns of the latent
    /// @param length positions of the text, 77 for CLIP
    public static Graph graph(UNet2DConditionConfig config, int batch, int height, int width, int length) {
        Graph graph = new Graph();
        Value sample = graph.input("sample", DType.F32, Shape.of(batch, config.inChannels(), height, width));
        Value timestep = graph.input("timestep", DType.F32, Shape.of(batch));
        Value context = graph.input("encoder_hidden_states", DType.F32,
                Shape.of(batch, length, config.crossAttentionDim()));
        graph.output("out", forward(Scope.root(graph), config, sample, timestep, context));
        return graph;
    }

    /// Adds the network to a graph.
    ///
    /// Taps: `time_proj` `[N, C]`, `time_embedding` `[N, 4C]`, and `conv_in`, `down_blocks.i`, `mid_block`,
    /// `up_blocks.i`, which are `[N, H, W, C]`.
    ///
    /// @param sample F32 `[N, C, H, W]`; any H and W
    /// @param timestep F32 `[N]`
    /// @param encoderHiddenStates F32 `[N, L, D]`
    /// @return F32 `[N, C', H, W]`
    public static Value forward(Scope at, UNet2DConditionConfig config, Value sample, Value timestep,
                                Value encoderHiddenStates) {
        if (sample.shape().rank() != 4 || sample.shape().dim(1) != config.inChannels()) {
            throw new IllegalArgumentException("the sample must be [N, " + config.inChannels() + ", H, W], not "
                    + sample.shape());
        }
        if (encoderHiddenStates.shape().last() != config.crossAttentionDim()) {
            throw new IllegalArgumentException("encoder_hidden_states must have " + config.crossAttentionDim()
                    + " columns, not " + encoderHiddenStates.shape().last()
                    + ": does the text encoder belong to this U-Net?");
        }
        Value time = Ops.silu(timeEmbedding(at, config, timestep));
        var unet = new UNet2DConditionModel(config, at, time, encoderHiddenStates);
        Value x = unet.up(unet.mid(unet.down(Ops.toChannelsLast(sample))));
        return Ops.toChannelsFirst(unet.out(x));
    }

    /// `[N]` to `[N, 4C]`.
    private static Value timeEmbedding(Scope at, UNet2DConditionConfig c, Value timestep) {
        int channels = c.blockOutChannels().getFirst();
        Value h = at.tap("time_proj",
                Ops.unary(new Op.Sinusoid(channels, c.flipSinToCos(), c.freqShift(), MAX_PERIOD), timestep));
        h = Ops.silu(Layers.linear(at.at("time_embedding.linear_1"), h, 4 * channels));
        return at.tap("time_embedding", Layers.linear(at.at("time_embedding.linear_2"), h, 4 * channels));
    }

    private Value down(Value sample) {
        Value x = root.tap("conv_in", convolution("conv_in", sample, config.blockOutChannels().getFirst(),
                config.convInKernel()));
        skips.push(x);
        for (int i = 0; i < config.levels(); i++) {
            Scope at = root.at("down_blocks", i);
            for (int j = 0; j < config.layersPerBlock().get(i); j++) {
                x = resnet(at, j, x, config.blockOutChannels().get(i));
                if (config.attendsDown(i)) {
                    x = transformer(i, config.onlyCrossAttention().get(i)).forward(at.at("attentions", j), x, context);
                }
                skips.push(x);
            }
            if (i < config.levels() - 1) {
                x = Resampling.downsample(at.at("downsamplers.0"), x, config.downsamplePadding());
                skips.push(x);
            }
            root.tap("down_blocks." + i, x);
        }
        return x;
    }

    private Value mid(Value x) {
        Scope at = root.at("mid_block");
        int channels = config.blockOutChannels().getLast();
        x = resnet(at, 0, x, channels);
        // diffusers' middle block always has a self-attention first.
        x = transformer(config.levels() - 1, false).forward(at.at("attentions.0"), x, context);
        return root.tap("mid_block", resnet(at, 1, x, channels));
    }

    private Value up(Value x) {
        for (int i = 0; i < config.levels(); i++) {
            Scope at = root.at("up_blocks", i);
            int level = config.levels() - 1 - i;
            for (int j = 0; j < config.layersPerBlock().get(level) + 1; j++) {
                int index = j;
                Value below = x;
                // A block of its own, so that training need not remember the concatenation.
                x = at.at("resnets", j).block(() ->
                        resnet(at, index, Ops.concat(-1, below, skips.pop()), config.blockOutChannels().get(level)));
                if (config.attendsUp(i)) {
                    x = transformer(level, config.onlyCrossAttention().get(level))
                            .forward(at.at("attentions", j), x, context);
                }
            }
            if (level > 0) {
                // Twice the size, except where the way down rounded an odd side up.
                Shape next = skips.element().shape();
                x = Resampling.upsample(at.at("upsamplers.0"), x, next.dim(1), next.dim(2));
            }
            root.tap("up_blocks." + i, x);
        }
        return x;
    }

    private Value out(Value x) {
        Value h = Ops.silu(Layers.groupNorm(root.at("conv_norm_out"), x, config.normNumGroups(), config.normEps()));
        return convolution("conv_out", h, config.outChannels(), config.convOutKernel());
    }

    private Value convolution(String name, Value x, int out, int kernel) {
        return Layers.conv2d(root.at(name), x, out, kernel, Op.Geometry.of(1, (kernel - 1) / 2));
    }

    private Value resnet(Scope at, int index, Value x, int out) {
        return ResnetBlock2D.forward(at.at("resnets", index), x, time, out, config.normNumGroups(), config.normEps());
    }

    private Transformer2D transformer(int level, boolean onlyCrossAttention) {
        return new Transformer2D(config.attentionHeadDim().get(level), config.transformerLayersPerBlock().get(level),
                config.normNumGroups(), config.useLinearProjection(), onlyCrossAttention);
    }
}
