"""How far PyTorch's bfloat16 is from float64, for the networks and inputs of the golden files.

    python bench/peers/bfloat16.py [weights-loader/src/test/resources/goldens]

prints one line for each file and output: ||result - reference|| / ||reference|| of the network as a whole in bfloat16
(`model.to(bfloat16)`), under autocast, and in float32 with the weights of products alone rounded to bfloat16.
"""

import copy
import glob
import json
import os
import sys

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from safetensors.torch import load_file

WAYS = ("bfloat16", "autocast", "weights alone")


def unet(model, t, dtype):
    return {"out": model(t["sample"].to(dtype), t["timestep"], t["encoder_hidden_states"].to(dtype)).sample}


def vae(model, t, dtype):
    return {"mean": model.encode(t["image"].to(dtype)).latent_dist.mean,
            "decoded": model.decode(t["latent"].to(dtype)).sample}


def rounded(model):
    model = copy.deepcopy(model)
    for parameter in model.parameters():
        if parameter.dim() > 1:
            parameter.data = parameter.data.bfloat16().float()
    return model


def relative(actual, expected):
    return ((actual.double() - expected).norm() / expected.norm()).item()


def results(run, model, tensors):
    """The outputs each way, after those in float64."""
    yield run(copy.deepcopy(model).double(), tensors, torch.float64)
    yield run(copy.deepcopy(model).bfloat16(), tensors, torch.bfloat16)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        yield run(model, tensors, torch.float32)
    yield run(rounded(model), tensors, torch.float32)


@torch.no_grad()
def main():
    goldens = sys.argv[1] if len(sys.argv) > 1 else "weights-loader/src/test/resources/goldens"
    print(f"PyTorch {torch.__version__}\n{'':42}" + "".join(f"{way:>15}" for way in WAYS))
    for topic, network, run in (("unet", UNet2DConditionModel, unet), ("vae", AutoencoderKL, vae)):
        for folder in sorted(glob.glob(os.path.join(goldens, topic, "*"))):
            with open(os.path.join(folder, "config.json"), encoding="utf-8") as file:
                model = network.from_config(json.load(file)).eval()
            model.load_state_dict(load_file(os.path.join(folder, "diffusion_pytorch_model.safetensors")))
            for file in sorted(glob.glob(os.path.join(folder, "forward_*.safetensors"))):
                expected, *found = results(run, model, load_file(file))
                for name, reference in expected.items():
                    print(f"{os.path.relpath(file, goldens).removesuffix('.safetensors') + ' ' + name:42}"
                          + "".join(f"{relative(result[name], reference):15.4f}" for result in found), flush=True)


main()
