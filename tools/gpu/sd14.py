"""Stable Diffusion 1.4's U-Net and autoencoder in plain PyTorch, with the published files' parameter names."""

import json
import os

import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional as F


class Attention(nn.Module):
    """sdpa: PyTorch's fused attention; otherwise two products around a softmax."""
    sdpa = True

    def __init__(self, width, context, heads, bias=False):
        super().__init__()
        self.heads = heads
        self.to_q = nn.Linear(width, width, bias=bias)
        self.to_k = nn.Linear(context, width, bias=bias)
        self.to_v = nn.Linear(context, width, bias=bias)
        self.to_out = nn.ModuleList([nn.Linear(width, width)])

    def forward(self, x, context=None):
        context = x if context is None else context
        q, k, v = (part.unflatten(2, (self.heads, -1)).transpose(1, 2)
                   for part in (self.to_q(x), self.to_k(context), self.to_v(context)))
        if self.sdpa:
            y = F.scaled_dot_product_attention(q, k, v)
        else:
            y = (q @ k.transpose(2, 3) * q.shape[-1] ** -0.5).softmax(-1) @ v
        return self.to_out[0](y.transpose(1, 2).flatten(2))


class Resnet(nn.Module):
    def __init__(self, inputs, outputs, time, groups, eps):
        super().__init__()
        self.norm1 = nn.GroupNorm(groups, inputs, eps)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1)
        if time:
            self.time_emb_proj = nn.Linear(time, outputs)
        self.norm2 = nn.GroupNorm(groups, outputs, eps)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.conv_shortcut = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(self, x, time=None):
        y = self.conv1(F.silu(self.norm1(x)))
        if time is not None:
            y = y + self.time_emb_proj(F.silu(time))[:, :, None, None]
        return self.conv_shortcut(x) + self.conv2(F.silu(self.norm2(y)))


class GEGLU(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.proj = nn.Linear(width, 8 * width)

    def forward(self, x):
        x, gate = self.proj(x).chunk(2, -1)
        return x * F.gelu(gate)


class FeedForward(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.net = nn.ModuleList([GEGLU(width), nn.Identity(), nn.Linear(4 * width, width)])

    def forward(self, x):
        return self.net[2](self.net[0](x))


class TransformerBlock(nn.Module):
    def __init__(self, width, context, heads):
        super().__init__()
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(width) for _ in range(3))
        self.attn1, self.attn2 = Attention(width, width, heads), Attention(width, context, heads)
        self.ff = FeedForward(width)

    def forward(self, x, context):
        x = x + self.attn1(self.norm1(x))
        x = x + self.attn2(self.norm2(x), context)
        return x + self.ff(self.norm3(x))


class Transformer(nn.Module):
    def __init__(self, width, context, heads, groups):
        super().__init__()
        self.norm = nn.GroupNorm(groups, width, 1e-6)
        self.proj_in, self.proj_out = nn.Conv2d(width, width, 1), nn.Conv2d(width, width, 1)
        self.transformer_blocks = nn.ModuleList([TransformerBlock(width, context, heads)])

    def forward(self, x, context):
        y = self.proj_in(self.norm(x))
        y = self.transformer_blocks[0](y.flatten(2).transpose(1, 2), context)
        return x + self.proj_out(y.transpose(1, 2).unflatten(2, x.shape[2:]))


class Sample(nn.Module):
    """A convolution before which the image is halved or doubled."""

    def __init__(self, width, double=False, padding=1):
        super().__init__()
        self.double, self.padding = double, padding
        self.conv = nn.Conv2d(width, width, 3, stride=1 if double else 2, padding=padding)

    def forward(self, x):
        if self.double:
            x = F.interpolate(x, scale_factor=2.0, mode="nearest")
        return self.conv(x if self.padding else F.pad(x, (0, 1, 0, 1)))


class Block(nn.Module):
    """Residual blocks, each perhaps with a transformer behind it, and perhaps a Sample at the end."""

    def __init__(self, resnets, attentions=(), downsampler=None, upsampler=None):
        super().__init__()
        self.resnets = nn.ModuleList(resnets)
        if attentions:
            self.attentions = nn.ModuleList(attentions)
        self.attends = bool(attentions)
        for name, sampler in (("downsamplers", downsampler), ("upsamplers", upsampler)):
            if sampler:
                self.add_module(name, nn.ModuleList([sampler]))
        self.sampler = "downsamplers" if downsampler else "upsamplers" if upsampler else None

    def step(self, i, x, time, context):
        x = self.resnets[i](x, time)
        return self.attentions[i](x, context) if self.attends else x

    def sample(self, x):
        return getattr(self, self.sampler)[0](x)


class UNet(nn.Module):
    def __init__(self, config):
        super().__init__()
        widths, groups, eps = config["block_out_channels"], config["norm_num_groups"], config["norm_eps"]
        layers, context, heads = config["layers_per_block"], config["cross_attention_dim"], config["attention_head_dim"]
        time, last = 4 * widths[0], len(widths) - 1
        self.width = widths[0]
        self.conv_in = nn.Conv2d(config["in_channels"], widths[0], 3, padding=1)
        self.time_embedding = nn.ModuleDict({"linear_1": nn.Linear(widths[0], time), "linear_2": nn.Linear(time, time)})

        def transformer(width):
            return Transformer(width, context, heads, groups)

        skips, width = [widths[0]], widths[0]
        self.down_blocks, self.up_blocks = nn.ModuleList(), nn.ModuleList()
        for i, out in enumerate(widths):
            resnets = [Resnet(width if j == 0 else out, out, time, groups, eps) for j in range(layers)]
            attends = config["down_block_types"][i].startswith("CrossAttn")
            self.down_blocks.append(Block(resnets, [transformer(out) for _ in resnets if attends],
                                          downsampler=Sample(out) if i < last else None))
            skips += [out] * (layers + (i < last))
            width = out
        self.mid_block = Block([Resnet(width, width, time, groups, eps) for _ in range(2)], [transformer(width)])
        for i, out in enumerate(reversed(widths)):
            resnets = []
            for _ in range(layers + 1):
                resnets.append(Resnet(width + skips.pop(), out, time, groups, eps))
                width = out
            attends = config["up_block_types"][i].startswith("CrossAttn")
            self.up_blocks.append(Block(resnets, [transformer(out) for _ in resnets if attends],
                                        upsampler=Sample(out, double=True) if i < last else None))
        self.conv_norm_out = nn.GroupNorm(groups, width, eps)
        self.conv_out = nn.Conv2d(width, config["out_channels"], 3, padding=1)

    def forward(self, x, timestep, context):
        half = self.width // 2
        rates = torch.exp(torch.arange(half, dtype=torch.float32, device=x.device) * (-9.210340371976184 / half))
        angle = timestep.float().reshape(-1, 1) * rates
        time = torch.cat([angle.cos(), angle.sin()], 1).to(x.dtype)
        time = self.time_embedding["linear_2"](F.silu(self.time_embedding["linear_1"](time)))
        time = time.expand(x.shape[0], -1)
        x = self.conv_in(x)
        skips = [x]
        for block in self.down_blocks:
            for i in range(len(block.resnets)):
                x = block.step(i, x, time, context)
                skips.append(x)
            if block.sampler:
                x = block.sample(x)
                skips.append(x)
        middle = self.mid_block
        x = middle.resnets[1](middle.step(0, x, time, context), time)
        for block in self.up_blocks:
            for i in range(len(block.resnets)):
                x = block.step(i, torch.cat([x, skips.pop()], 1), time, context)
            if block.sampler:
                x = block.sample(x)
        return self.conv_out(F.silu(self.conv_norm_out(x)))


class VaeAttention(Attention):
    def __init__(self, width, groups):
        super().__init__(width, width, 1, bias=True)
        self.group_norm = nn.GroupNorm(groups, width, 1e-6)

    def forward(self, x, _context=None):
        y = super().forward(self.group_norm(x).flatten(2).transpose(1, 2))
        return x + y.transpose(1, 2).unflatten(2, x.shape[2:])


def vae_middle(width, groups):
    return Block([Resnet(width, width, 0, groups, 1e-6) for _ in range(2)], [VaeAttention(width, groups)])


class Coder(nn.Module):
    """The encoder, or the decoder if `double`."""

    def __init__(self, inputs, outputs, widths, layers, groups, double):
        super().__init__()
        width = widths[0]
        self.double = double
        self.conv_in = nn.Conv2d(inputs, width, 3, padding=1)
        blocks = nn.ModuleList()
        for i, out in enumerate(widths):
            resnets = [Resnet(width if j == 0 else out, out, 0, groups, 1e-6) for j in range(layers)]
            sampler = Sample(out, double, 1 if double else 0) if i < len(widths) - 1 else None
            blocks.append(Block(resnets, (), None if double else sampler, sampler if double else None))
            width = out
        self.add_module("up_blocks" if double else "down_blocks", blocks)
        self.mid_block = vae_middle(widths[0] if double else width, groups)
        self.conv_norm_out = nn.GroupNorm(groups, width, 1e-6)
        self.conv_out = nn.Conv2d(width, outputs, 3, padding=1)

    def middle(self, x):
        return self.mid_block.resnets[1](self.mid_block.step(0, x, None, None))

    def forward(self, x):
        x = self.conv_in(x)
        if self.double:
            x = self.middle(x)
        for block in self.up_blocks if self.double else self.down_blocks:
            for i in range(len(block.resnets)):
                x = block.step(i, x, None, None)
            if block.sampler:
                x = block.sample(x)
        if not self.double:
            x = self.middle(x)
        return self.conv_out(F.silu(self.conv_norm_out(x)))


class VAE(nn.Module):
    def __init__(self, config):
        super().__init__()
        widths, layers, groups = config["block_out_channels"], config["layers_per_block"], config["norm_num_groups"]
        latent, colours = config["latent_channels"], config["in_channels"]
        self.encoder = Coder(colours, 2 * latent, widths, layers, groups, False)
        self.decoder = Coder(latent, colours, widths[::-1], layers + 1, groups, True)
        self.quant_conv = nn.Conv2d(2 * latent, 2 * latent, 1)
        self.post_quant_conv = nn.Conv2d(latent, latent, 1)

    def encode(self, x):
        return self.quant_conv(self.encoder(x))

    def decode(self, x):
        return self.decoder(self.post_quant_conv(x))


def load(network, folder):
    """A network with the configuration and the weights of a folder, every parameter of both matched."""
    with open(os.path.join(folder, "config.json"), encoding="utf-8") as f:
        model = network(json.load(f))
    model.load_state_dict(load_file(os.path.join(folder, "diffusion_pytorch_model.safetensors")))
    return model
