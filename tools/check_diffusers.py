#!/usr/bin/env python3
"""Loads a model folder that Cathode wrote in diffusers, and compares what both draw.

    tools/check_diffusers.py output/model --prompt "large left pleural effusion"

Needs torch, diffusers, transformers and safetensors. Both programs begin with the same noise and take a few steps of
DDIM; the largest difference is printed, relative to the largest number. Exit code 1 if it is above --tolerance.
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

import torch
from diffusers import DDIMScheduler, StableDiffusionPipeline
from safetensors.torch import load_file

CATHODE = pathlib.Path(__file__).resolve().parent.parent / "cathode"


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="a diffusers folder, such as output/model or output/checkpoint-500")
    parser.add_argument("--prompt", default="large left pleural effusion")
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--guidance", type=float, default=4.0)
    parser.add_argument("--size", type=int, default=64, help="pixels of both sides")
    parser.add_argument("--tolerance", type=float, default=1e-3)
    parser.add_argument("--cathode", default=str(CATHODE), help="the launcher, or a command that does the same")
    return parser.parse_args()


def cathode(args, folder):
    """What Cathode draws: initial_latents, final_latents, image (0 to 1)."""
    dump = folder / "dump.safetensors"
    subprocess.run([args.cathode, "sample", args.prompt, "--model", args.model, "--steps", str(args.steps),
                    "--guidance", str(args.guidance), "--scheduler", "ddim", "--seed", "1",
                    "--size", f"{args.size}x{args.size}",
                    "--dump", str(dump), "--out", str(folder / "picture.png")], check=True)
    return load_file(dump)


def diffusers(args, latents):
    """The same by diffusers."""
    pipe = StableDiffusionPipeline.from_pretrained(args.model, torch_dtype=torch.float32, safety_checker=None,
                                                   requires_safety_checker=False)
    pipe.scheduler = DDIMScheduler.from_config(pipe.scheduler.config)
    pipe.set_progress_bar_config(disable=True)
    common = dict(num_inference_steps=args.steps, guidance_scale=args.guidance, height=args.size, width=args.size)
    final = pipe(args.prompt, latents=latents.clone(), output_type="latent", **common).images
    image = pipe(args.prompt, latents=latents.clone(), output_type="pt", **common).images
    return final, image


def difference(name, ours, theirs):
    relative = ((ours - theirs).abs().max() / theirs.abs().max()).item()
    print(f"{name:14} {tuple(theirs.shape)}  largest difference {relative:.2e} of the largest number")
    return relative


def main():
    args = parse()
    with tempfile.TemporaryDirectory() as folder, torch.no_grad():
        ours = cathode(args, pathlib.Path(folder))
    final, image = diffusers(args, ours["initial_latents"])
    worst = max(difference("final_latents", ours["final_latents"], final),
                difference("image", ours["image"].reshape(image.shape), image))
    sys.exit(0 if worst <= args.tolerance else 1)


if __name__ == "__main__":
    main()
