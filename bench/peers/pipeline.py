"""A picture from a prompt: seconds from the start of the process to the finished PNG file.

With --once it makes the picture; without, it starts itself --runs times and reports times and memory."""

import sys

import processes

PROMPT = "Small left pleural effusion with bibasilar atelectasis."


def options():
    import argparse
    import os
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("model", help="folder of a Stable Diffusion 1 model in the layout of diffusers")
    p.add_argument("--prompt", default=PROMPT)
    p.add_argument("--steps", type=int, default=5)
    p.add_argument("--guidance", type=float, default=4.0)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--size", default="512x512", help="WIDTHxHEIGHT")
    p.add_argument("--out", default="peer.png")
    p.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="(default: all cores)")
    p.add_argument("--dtype", choices=("float32", "bfloat16", "float16"), default="float32")
    p.add_argument("--channels-last", action="store_true", help="feature maps in NHWC")
    p.add_argument("--compile", action="store_true", help="torch.compile with frozen weights (time to compile counts)")
    p.add_argument("--runs", type=int, default=1)
    p.add_argument("--once", action="store_true")
    return p.parse_args()


def once(o):
    import torch
    import common
    common.apply(o)
    from diffusers import StableDiffusionPipeline
    pipe = StableDiffusionPipeline.from_pretrained(o.model, torch_dtype=common.DTYPES[o.dtype])
    pipe.set_progress_bar_config(disable=True)
    pipe.unet, pipe.vae.decoder = common.prepare(pipe.unet, o), common.prepare(pipe.vae.decoder, o)
    width, height = (int(side) for side in o.size.split("x"))
    pipe(o.prompt, num_inference_steps=o.steps, guidance_scale=o.guidance, width=width, height=height,
         generator=torch.Generator().manual_seed(o.seed)).images[0].save(o.out)


def main():
    o = options()
    if o.once:
        once(o)
        return
    results = [processes.run([sys.executable, "-W", "ignore", *sys.argv, "--once"]) for _ in range(o.runs)]
    import common  # only now, so that this process is small while the others run
    common.report("pipeline", o, [r["seconds"] for r in results], max(r["peak_rss"] for r in results),
                  others=[round(r["others"], 2) for r in results])


if __name__ == "__main__":
    main()
