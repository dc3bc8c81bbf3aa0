package dev.cathode.engine.models;

import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Ops;
import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.graph.Value;
import dev.cathode.engine.nn.Layers;
import dev.cathode.engine.nn.Scope;
import dev.cathode.kernels.cpu.Activation;
import dev.cathode.weights.DType;

/// The autoencoder between pictures and latents, whose latents are drawn from a normal distribution per number.
///
/// Rombach et al. 2022, https://arxiv.org/abs/2112.10752, after Kingma and Welling 2014,
/// https://arxiv.org/abs/1312.6114. Parameter names are those of diffusers' `AutoencoderKL`. Nothing here applies the
/// configuration's scaling factor.
public final class AutoencoderKL {
    private static final double EPSILON = 1e-6;

    private final AutoencoderKLConfig config;
    /// `encoder` or `decoder`.
    private final Scope root;

    private AutoencoderKL(AutoencoderKLConfig config, Scope root) {
        this.config = config;
        this.root = root;
    }

    /// The moments of a latent.
    ///
    /// @param mean F32 `[N, C, h, w]`
    /// @param logvar logarithm of the variance, F32 `[N, C, h, w]`; not clamped, which [DiagonalGaussianDistribution]
    /// does
    public record Moments(Value mean, Value logvar) { }

    /// The encoder in a graph of its own: input `image` F32 `[N, 3, H, W]` in [-1, 1], outputs `mean` and `logvar` F32
    /// `[N, C, H/8, W/8]`. Taps: as [#encode].
    public static Graph encodeGraph(AutoencoderKLConfig config, int batch, int height, int width) {
        Graph graph = new Graph();
        Value image = graph.input("image", DType.F32, Shape.of(batch, config.inChannels(), height, width));
        Moments moments = encode(Scope.root(graph), config, image);
        graph.output("mean", moments.mean);
        graph.output("logvar", moments.logvar);
        return graph;
    }

    /// The decoder in a graph of its own: input `latent` F32 `[N, C, h, w]`, output `decoded` F32 `[N, 3, 8h, 8w]`,
    /// about in [-1, 1]. Taps: as [#decode].
    ///
    /// @param height rows of the latent
    /// @param width columns of the latent
    public static Graph decodeGraph(AutoencoderKLConfig config, int batch, int height, int width) {
        Graph graph = new Graph();
        Value latent = graph.input("latent", DType.F32, Shape.of(batch, config.latentChannels(), height, width));
        graph.output("decoded", decode(Scope.root(graph), config, latent));
        return graph;
    }

    /// Adds the encoder to a graph. Taps, `[N, H, W, C]`: `encoder.down_blocks.i`, `encoder.mid_block`, `encoder`.
    ///
    /// @param image F32 `[N, 3, H, W]`
    public static Moments encode(Scope at, AutoencoderKLConfig config, Value image) {
        Value h = at.tap("encoder", new AutoencoderKL(config, at.at("encoder")).encoder(Ops.toChannelsLast(image)));
        int channels = config.latentChannels();
        if (config.useQuantConv()) {
            h = Layers.conv1x1(at.at("quant_conv"), h, 2 * channels);
        }
        return new Moments(Ops.toChannelsFirst(Ops.slice(h, -1, 0, channels)),
                Ops.toChannelsFirst(Ops.slice(h, -1, channels, 2 * channels)));
    }

    /// Adds the decoder to a graph. Taps, `[N, H, W, C]`: `decoder.conv_in`, `decoder.mid_block`,
    /// `decoder.up_blocks.i`.
    ///
    /// @param latent F32 `[N, C, h, w]`
    /// @return F32 `[N, 3, H, W]`
    public static Value decode(Scope at, AutoencoderKLConfig config, Value latent) {
        Value h = Ops.toChannelsLast(latent);
        if (config.usePostQuantConv()) {
            h = Layers.conv1x1(at.at("post_quant_conv"), h, config.latentChannels());
        }
        return Ops.toChannelsFirst(new AutoencoderKL(config, at.at("decoder")).decoder(h));
    }

    /// The Kullback-Leibler divergence of a latent from the standard normal distribution, as a mean over all its
    /// numbers: `½ (mean² + exp(logvar) - 1 - logvar)` (Kingma & Welling 2014, https://arxiv.org/abs/1312.6114).
    public static Value klDivergence(Moments moments) {
        Value square = Ops.multiply(moments.mean(), moments.mean());
        Value variance = Ops.activate(moments.logvar(), Activation.EXP);
        return Ops.mean(Ops.affine(Ops.subtract(Ops.add(square, variance), moments.logvar()), 0.5, -0.5));
    }

    /// `[N, H, W, 3]` to `[N, h, w, 2C]`.
    private Value encoder(Value x) {
        var channels = config.blockOutChannels();
        x = Layers.conv3x3(root.at("conv_in"), x, channels.getFirst());
        for (int i = 0; i < channels.size(); i++) {
            Scope at = root.at("down_blocks", i);
            for (int j = 0; j < config.layersPerBlock(); j++) {
                x = resnet(at, j, x, channels.get(i));
            }
            if (i < channels.size() - 1) {
                x = Resampling.downsample(at.at("downsamplers.0"), x, 0);
            }
            root.tap("down_blocks." + i, x);
        }
        return out(mid(x), 2 * config.latentChannels());
    }

    /// `[N, h, w, C]` to `[N, H, W, 3]`.
    private Value decoder(Value x) {
        var channels = config.blockOutChannels();
        x = mid(root.tap("conv_in", Layers.conv3x3(root.at("conv_in"), x, channels.getLast())));
        for (int i = 0; i < channels.size(); i++) {
            Scope at = root.at("up_blocks", i);
            for (int j = 0; j < config.layersPerBlock() + 1; j++) {
                x = resnet(at, j, x, channels.get(channels.size() - 1 - i));
            }
            if (i < channels.size() - 1) {
                x = Resampling.upsample(at.at("upsamplers.0"), x, 2 * x.shape().dim(1), 2 * x.shape().dim(2));
            }
            root.tap("up_blocks." + i, x);
        }
        return out(x, config.outChannels());
    }

    private Value mid(Value x) {
        Scope at = root.at("mid_block");
        int channels = x.shape().last();
        x = resnet(at, 0, x, channels);
        if (config.midBlockAddAttention()) {
            x = attention(at.at("attentions.0"), x);
        }
        return root.tap("mid_block", resnet(at, 1, x, channels));
    }

    /// Self-attention of all pixels with one head, beside a shortcut.
    private Value attention(Scope at, Value x) {
        Shape image = x.shape();
        int channels = image.last();
        Value h = Layers.groupNorm(at.at("group_norm"), x, config.normNumGroups(), EPSILON);
        h = Ops.reshape(h, image.dim(0), image.dim(1) * image.dim(2), channels);
        Value q = Layers.linear(at.at("to_q"), h, channels);
        Value k = Layers.linear(at.at("to_k"), h, channels);
        Value v = Layers.linear(at.at("to_v"), h, channels);
        h = Layers.linear(at.at("to_out.0"), Ops.attention(q, k, v, 1, false, null), channels);
        return Ops.add(Ops.reshape(h, image.toArray()), x);
    }

    private Value out(Value x, int channels) {
        Value h = Ops.silu(Layers.groupNorm(root.at("conv_norm_out"), x, config.normNumGroups(), EPSILON));
        return Layers.conv3x3(root.at("conv_out"), h, channels);
    }

    private Value resnet(Scope at, int index, Value x, int out) {
        return ResnetBlock2D.forward(at.at("resnets", index), x, null, out, config.normNumGroups(), EPSILON);
    }
}
