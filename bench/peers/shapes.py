"""Names and shapes of every parameter of Stable Diffusion 1.4, as in the published weight files."""

WIDTHS = {"unet": (320, 640, 1280, 1280), "vae": (128, 256, 512, 512)}
TIME, CONTEXT = 1280, 768
TEXT = {"layers": 12, "hidden": 768, "inner": 3072, "tokens": 49408, "positions": 77}


def norm(name, channels):
    return [(f"{name}.weight", (channels,)), (f"{name}.bias", (channels,))]


def linear(name, inputs, outputs, bias=True):
    return [(f"{name}.weight", (outputs, inputs))] + bias * [(f"{name}.bias", (outputs,))]


def conv(name, inputs, outputs, kernel=3):
    return [(f"{name}.weight", (outputs, inputs, kernel, kernel)), (f"{name}.bias", (outputs,))]


def resnet(name, inputs, outputs, time):
    """A residual block; time: width of the time embedding, 0 for none."""
    return (norm(f"{name}.norm1", inputs) + conv(f"{name}.conv1", inputs, outputs)
            + (linear(f"{name}.time_emb_proj", time, outputs) if time else [])
            + norm(f"{name}.norm2", outputs) + conv(f"{name}.conv2", outputs, outputs)
            + (conv(f"{name}.conv_shortcut", inputs, outputs, 1) if inputs != outputs else []))


def attention(name, width, context, bias=False):
    return (linear(f"{name}.to_q", width, width, bias) + linear(f"{name}.to_k", context, width, bias)
            + linear(f"{name}.to_v", context, width, bias) + linear(f"{name}.to_out.0", width, width))


def transformer(name, width):
    """Self-attention, attention to the text, and a gated feed-forward network between two 1x1 convolutions."""
    block = f"{name}.transformer_blocks.0"
    return (norm(f"{name}.norm", width) + conv(f"{name}.proj_in", width, width, 1)
            + norm(f"{block}.norm1", width) + attention(f"{block}.attn1", width, width)
            + norm(f"{block}.norm2", width) + attention(f"{block}.attn2", width, CONTEXT)
            + norm(f"{block}.norm3", width) + linear(f"{block}.ff.net.0.proj", width, 8 * width)
            + linear(f"{block}.ff.net.2", 4 * width, width) + conv(f"{name}.proj_out", width, width, 1))


def unet():
    """UNet2DConditionModel: 686 tensors."""
    widths = WIDTHS["unet"]
    found = (conv("conv_in", 4, widths[0]) + linear("time_embedding.linear_1", widths[0], TIME)
             + linear("time_embedding.linear_2", TIME, TIME))
    skips, width = [widths[0]], widths[0]
    for i, out in enumerate(widths):
        for j in range(2):
            found += resnet(f"down_blocks.{i}.resnets.{j}", width, out, TIME)
            found += transformer(f"down_blocks.{i}.attentions.{j}", out) if i < 3 else []
            skips.append(width := out)
        if i < 3:
            found += conv(f"down_blocks.{i}.downsamplers.0.conv", out, out)
            skips.append(out)
    found += (resnet("mid_block.resnets.0", width, width, TIME) + transformer("mid_block.attentions.0", width)
              + resnet("mid_block.resnets.1", width, width, TIME))
    for i, out in enumerate(reversed(widths)):
        for j in range(3):
            found += resnet(f"up_blocks.{i}.resnets.{j}", width + skips.pop(), out, TIME)
            found += transformer(f"up_blocks.{i}.attentions.{j}", out) if i > 0 else []
            width = out
        found += conv(f"up_blocks.{i}.upsamplers.0.conv", out, out) if i < 3 else []
    return found + norm("conv_norm_out", width) + conv("conv_out", width, 4)


def vae():
    """AutoencoderKL: 248 tensors."""
    widths = WIDTHS["vae"]
    found, width = conv("encoder.conv_in", 3, widths[0]), widths[0]
    for i, out in enumerate(widths):
        for j in range(2):
            found += resnet(f"encoder.down_blocks.{i}.resnets.{j}", width, out, 0)
            width = out
        found += conv(f"encoder.down_blocks.{i}.downsamplers.0.conv", out, out) if i < 3 else []
    found += (vae_middle("encoder", width) + norm("encoder.conv_norm_out", width)
              + conv("encoder.conv_out", width, 8))
    found += conv("decoder.conv_in", 4, width) + vae_middle("decoder", width)
    for i, out in enumerate(reversed(widths)):
        for j in range(3):
            found += resnet(f"decoder.up_blocks.{i}.resnets.{j}", width, out, 0)
            width = out
        found += conv(f"decoder.up_blocks.{i}.upsamplers.0.conv", out, out) if i < 3 else []
    return (found + norm("decoder.conv_norm_out", width) + conv("decoder.conv_out", width, 3)
            + conv("quant_conv", 8, 8, 1) + conv("post_quant_conv", 4, 4, 1))


def vae_middle(side, width):
    block = f"{side}.mid_block"
    return (resnet(f"{block}.resnets.0", width, width, 0) + norm(f"{block}.attentions.0.group_norm", width)
            + attention(f"{block}.attentions.0", width, width, bias=True)
            + resnet(f"{block}.resnets.1", width, width, 0))


def text():
    """CLIPTextModel of CLIP ViT-L/14: 196 tensors."""
    hidden, found = TEXT["hidden"], []
    found.append(("text_model.embeddings.token_embedding.weight", (TEXT["tokens"], hidden)))
    found.append(("text_model.embeddings.position_embedding.weight", (TEXT["positions"], hidden)))
    for i in range(TEXT["layers"]):
        layer = f"text_model.encoder.layers.{i}"
        found += norm(f"{layer}.layer_norm1", hidden) + norm(f"{layer}.layer_norm2", hidden)
        for part in "kvq":
            found += linear(f"{layer}.self_attn.{part}_proj", hidden, hidden)
        found += linear(f"{layer}.self_attn.out_proj", hidden, hidden)
        found += linear(f"{layer}.mlp.fc1", hidden, TEXT["inner"]) + linear(f"{layer}.mlp.fc2", TEXT["inner"], hidden)
    return found + norm("text_model.final_layer_norm", hidden)
