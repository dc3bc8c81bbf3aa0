"""Seconds of one evaluation of the U-Net: one step of a picture with guidance is a batch of 2 at 64x64."""

from diffusers import UNet2DConditionModel

import common

p = common.parser(__doc__)
p.add_argument("--batch", type=int, default=2)
p.add_argument("--size", default="512x512", help="of the picture, WIDTHxHEIGHT; latents are an eighth of it")
options = p.parse_args()
common.apply(options)
width, height = (int(side) // 8 for side in options.size.split("x"))

model = UNet2DConditionModel.from_pretrained(options.model, subfolder="unet", torch_dtype=common.DTYPES[options.dtype])
model = common.prepare(model, options)
sample = common.inputs(options, 0, options.batch, 4, height, width)
context = common.inputs(options, 1, options.batch, 77, 768)
common.measure("unet", options, lambda: model(sample, 501, context, return_dict=False)[0])
