"""Seconds of decoding latents to a picture with the VAE."""

from diffusers import AutoencoderKL

import common

p = common.parser(__doc__)
p.add_argument("--batch", type=int, default=1)
p.add_argument("--size", default="512x512", help="of the picture, WIDTHxHEIGHT")
options = p.parse_args()
common.apply(options)
width, height = (int(side) // 8 for side in options.size.split("x"))

model = AutoencoderKL.from_pretrained(options.model, subfolder="vae", torch_dtype=common.DTYPES[options.dtype])
model.decoder = common.prepare(model.decoder, options)
latents = common.inputs(options, 0, options.batch, 4, height, width)
common.measure("vae", options, lambda: model.decode(latents, return_dict=False)[0])
