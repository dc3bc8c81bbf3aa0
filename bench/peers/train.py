"""Seconds of one training step of the U-Net: loss, gradients, AdamW on every parameter, float32."""

import torch
from diffusers import UNet2DConditionModel

import common

p = common.parser(__doc__)
p.add_argument("--batch", type=int, default=1)
p.add_argument("--size", default="256x256", help="of the picture, WIDTHxHEIGHT; latents are an eighth of it")
p.add_argument("--max-grad-norm", type=float, default=0, help="clip gradients to this norm; 0: not")
options = p.parse_args()
common.apply(options)
width, height = (int(side) // 8 for side in options.size.split("x"))

model = UNet2DConditionModel.from_pretrained(options.model, subfolder="unet", torch_dtype=torch.float32).train()
model.requires_grad_(True)
if options.channels_last:
    model.to(memory_format=torch.channels_last)
sample = common.inputs(options, 0, options.batch, 4, height, width)
context = common.inputs(options, 1, options.batch, 77, model.config.cross_attention_dim)
target = common.inputs(options, 2, options.batch, 4, height, width)
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5)


def step():
    loss = torch.nn.functional.mse_loss(model(sample, 501, context, return_dict=False)[0], target)
    loss.backward()
    if options.max_grad_norm:
        torch.nn.utils.clip_grad_norm_(model.parameters(), options.max_grad_norm)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return loss


common.measure("train", options, step, training=True)
