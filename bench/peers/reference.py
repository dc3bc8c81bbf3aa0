"""PyTorch's numbers of a whole picture, to compare another program's with.

Writes a safetensors file (NCHW, float32): initial_latents, prompt_embeds (the negative prompt's, then the prompt's),
first_prediction (the U-Net's output for both at the first timestep), final_latents, image (0 to 1, not yet rounded to
8 bits).

    python bench/peers/reference.py MODEL OUT.safetensors --seed 1
    python bench/peers/reference.py MODEL OUT.safetensors --check THEIRS.safetensors

With --check, what `cathode sample --dump THEIRS.safetensors` wrote is read: the picture starts from its
initial_latents, and every tensor both have is compared. Its final_latents are decoded as well ("image of their
final_latents"), which judges the VAE alone. The prompt, steps and guidance must be those of the dump.
"""

import argparse
import os

import torch
from diffusers import StableDiffusionPipeline
from safetensors.torch import load_file, save_file


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("model", help="folder of a Stable Diffusion 1 model in the layout of diffusers")
    p.add_argument("out", help="the safetensors file to write")
    p.add_argument("--latents", help="safetensors file with `latents` [N, 4, h, w] to start from (default: of --seed)")
    p.add_argument("--check", metavar="THEIRS", help="a dump to compare with")
    p.add_argument("--prompt", default="Small left pleural effusion with bibasilar atelectasis.")
    p.add_argument("--negative", default="")
    p.add_argument("--steps", type=int, default=5)
    p.add_argument("--guidance", type=float, default=4.0)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--size", default="512x512", help="WIDTHxHEIGHT, without --latents")
    p.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="(default: all cores)")
    p.add_argument("--dtype", choices=("float32", "float64"), default="float32", help="of the arithmetic")
    return p.parse_args()


def start(o, theirs):
    """The latents to start from, standard normal numbers."""
    if theirs and "initial_latents" in theirs:
        return theirs["initial_latents"].float()
    if o.latents:
        return load_file(o.latents)["latents"].float()
    width, height = (int(side) // 8 for side in o.size.split("x"))
    return torch.randn((1, 4, height, width), generator=torch.Generator().manual_seed(o.seed))


def decode(pipe, latents):
    """The picture [N, 3, H, W] of latents, 0 to 1."""
    decoded = pipe.vae.decode(latents.to(pipe.vae.dtype) / pipe.vae.config.scaling_factor, return_dict=False)[0]
    return (decoded / 2 + 0.5).clamp(0, 1)


def compute(pipe, o, latents):
    dtype, n = pipe.unet.dtype, len(latents)
    prompt, negative = pipe.encode_prompt(o.prompt, "cpu", 1, True, o.negative)
    pipe.scheduler.set_timesteps(o.steps)
    both = torch.cat([negative, prompt])
    found = {"initial_latents": latents, "prompt_embeds": both}
    found["first_prediction"] = pipe.unet(
        torch.cat([latents, latents]).to(dtype), pipe.scheduler.timesteps[0],
        torch.cat([negative.repeat(n, 1, 1), prompt.repeat(n, 1, 1)]), return_dict=False)[0]
    found["final_latents"] = pipe(
        [o.prompt] * n, negative_prompt=[o.negative] * n, num_inference_steps=o.steps, guidance_scale=o.guidance,
        latents=latents.to(dtype), output_type="latent").images
    found["image"] = decode(pipe, found["final_latents"])
    return found


def compare(name, mine, theirs):
    """One line of the comparison."""
    if mine.shape != theirs.shape:
        return f"{name}: shapes differ, {list(mine.shape)} here and {list(theirs.shape)} there"
    difference = (mine.double() - theirs.double()).abs()
    text = (f"{name}: largest difference {difference.max():.3g}, mean {difference.mean():.3g}, "
            f"largest value {mine.double().abs().max():.4g}")
    if name.startswith("image"):
        levels = ((mine * 255).round() - (theirs * 255).round()).abs()
        text += f"; in 8 bits {(levels > 0).double().mean():.4%} differ, by {int(levels.max())} at most"
    return text


@torch.inference_mode()
def main():
    o = arguments()
    torch.set_num_threads(o.threads)
    theirs = load_file(o.check) if o.check else None
    pipe = StableDiffusionPipeline.from_pretrained(o.model, torch_dtype=getattr(torch, o.dtype))
    pipe.set_progress_bar_config(disable=True)
    found = compute(pipe, o, start(o, theirs))
    kept = {name: tensor.float().contiguous().clone() for name, tensor in found.items()}
    save_file(kept, o.out)
    for name in kept:
        if theirs and name in theirs:
            print(compare(name, kept[name], theirs[name]))
    if theirs and "final_latents" in theirs:
        print(compare("image of their final_latents", decode(pipe, theirs["final_latents"]).float(), theirs["image"]))


if __name__ == "__main__":
    main()
