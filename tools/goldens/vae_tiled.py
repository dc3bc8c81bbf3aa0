"""vae_tiled: the tiny AutoencoderKL of vae/sd decoding latents larger than a tile."""

import torch

import vae
from common import Golden, double_copy, randn


def generate(out, params):
    p = params["vae_tiled"]
    g = Golden(out, "vae_tiled", "tiled decoding with the network and weights of vae/sd")
    model = vae.build(params["vae"]["sd"]["config"], params["salt"])
    model64 = double_copy(model)
    for m in (model, model64):
        m.enable_tiling()
    for i, case in enumerate(p["cases"]):
        latent = 3 * randn(p["seed"] + i, case["batch"], 4, case["height"], case["width"])
        with torch.no_grad():
            result, exact = ({"decoded": m.decode(latent.to(m.dtype)).sample} for m in (model, model64))
        g.save(f"{case['name']}.safetensors", {"latent": latent}, result, exact,
               "decoded in tiles of sample_size pixels, a quarter of which overlaps; smaller tiles at the lower and right "
               "edges")
    g.note(salt=params["salt"], network="vae/sd")
    g.close()
