"""mixed_precision: how far PyTorch's own gradients move when products are computed in bfloat16 (torch.autocast).

Reads the networks and gradients that topic unet wrote. For each group of parameters (conv_in, down_blocks.0, ...) the
L2 norm of the difference between the gradients with and without autocast, beside the norm of those without.
"""

import json
import os

import torch
from diffusers import UNet2DConditionModel
from safetensors.torch import load_file

from common import versions


def group(name):
    path = name.split(".")
    return ".".join(path[:2]) if path[1].isdigit() else path[0]


def gradients(model, data, autocast):
    model.zero_grad(set_to_none=True)
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast):
        out = model(data["sample"], data["timestep"], data["encoder_hidden_states"]).sample
    torch.nn.functional.mse_loss(out.float(), data["target"]).backward()
    return {name: p.grad.double() for name, p in model.named_parameters()}


def errors(folder):
    with open(os.path.join(folder, "config.json")) as file:
        model = UNet2DConditionModel.from_config(json.load(file))
    model.load_state_dict(load_file(os.path.join(folder, "diffusion_pytorch_model.safetensors")))
    data = load_file(os.path.join(folder, "gradients.safetensors"))
    whole, half = (gradients(model, data, autocast) for autocast in (False, True))
    sums = {}
    for name, gradient in whole.items():
        entry = sums.setdefault(group(name), [0.0, 0.0])
        entry[0] += ((half[name] - gradient) ** 2).sum().item()
        entry[1] += (gradient ** 2).sum().item()
    return {name: round((off / size) ** 0.5, 5) for name, (off, size) in sorted(sums.items())}


def generate(out, params):
    golden = {"topic": "mixed_precision", "versions": versions(),
              "about": "relative L2 error of each group's gradient under PyTorch's autocast to bfloat16",
              "errors": {f"unet/{name}": errors(os.path.join(out, "unet", name)) for name in params["unet"]}}
    folder = os.path.join(out, "mixed_precision")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "golden.json"), "w") as file:
        json.dump(golden, file, indent=1)
        file.write("\n")
