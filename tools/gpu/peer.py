"""PyTorch on a GPU: the same figures as Cathode's, one line of JSON each, appended to a file.

    python tools/gpu/peer.py sd14 figures.jsonl --way eager|math|compiled

sd14 is a Stable Diffusion 1 model in the layout of diffusers (tools/gpu/check.sh has bench/peers/make_sd14.py write
one). Everything is bfloat16 in channels-last. eager uses PyTorch's fused attention (SDPA), math two products around a
softmax, compiled torch.compile with CUDA graphs.

    python tools/gpu/peer.py --check weights-loader/src/test/resources/goldens

compares the networks with the golden files instead.
"""

import argparse
import glob
import json
import os
import statistics
import sys
import time

import torch
from safetensors.torch import load_file

import sd14

DDIM_STEPS = (50, 75)


def check(goldens):
    """Networks must be those of the golden files; images of odd sizes, which ours do not upsample, are left out."""
    unet = sd14.load(sd14.UNet, os.path.join(goldens, "unet", "sd1")).eval()
    files = [f for f in glob.glob(os.path.join(goldens, "unet", "sd1", "forward_*.safetensors")) if "odd" not in f]
    worst = 0.0
    with torch.no_grad():
        for file in sorted(files):
            t = load_file(file)
            for sd14.Attention.sdpa in (True, False):
                worst = max(worst, error(unet(t["sample"], t["timestep"], t["encoder_hidden_states"]), t["out"]))
        vae = sd14.load(sd14.VAE, os.path.join(goldens, "vae", "sd")).eval()
        for file in sorted(glob.glob(os.path.join(goldens, "vae", "sd", "forward_*.safetensors"))):
            t = load_file(file)
            worst = max(worst, error(vae.decode(t["latent"]), t["decoded"]),
                        error(vae.encode(t["image"])[:, :t["mean"].shape[1]], t["mean"]))
    print(f"{len(files)} files, relative error {worst:.1e}")
    return worst < 1e-5 and len(files) > 0


def error(actual, expected):
    return ((actual - expected).norm() / expected.norm()).item()


class Peer:
    def __init__(self, options):
        self.options, self.device = options, torch.device(options.device)
        self.by = {"eager": "torch eager", "math": "torch math", "compiled": "torch compiled"}[options.way]
        sd14.Attention.sdpa = options.way != "math"
        torch.backends.cudnn.benchmark = True

    def report(self, figure, value, unit):
        line = {"figure": figure, "by": self.by, "value": value, "unit": unit}
        print(f"{self.by}: {figure} {value:.4f} {unit}", flush=True)
        with open(self.options.figures, "a", encoding="utf-8") as f:
            f.write(json.dumps(line) + "\n")

    def sync(self):
        if self.device.type == "cuda":
            torch.cuda.synchronize()

    def load(self, network, name, dtype=torch.bfloat16):
        model = sd14.load(network, os.path.join(self.options.model, name))
        return model.to(self.device, dtype, memory_format=torch.channels_last)

    def compiled(self, function):
        return torch.compile(function, mode="reduce-overhead") if self.options.way == "compiled" else function

    def randn(self, *shape, dtype=torch.bfloat16):
        x = torch.randn(shape, generator=torch.Generator().manual_seed(1)).to(self.device, dtype)
        return x.contiguous(memory_format=torch.channels_last) if len(shape) == 4 else x

    def seconds(self, run, rounds=5, runs=None):
        """The median of some timings, each of several runs that follow each other without a wait."""
        runs = runs or self.options.runs
        for _ in range(3):
            run()
        self.sync()
        found = []
        for _ in range(rounds):
            start = time.perf_counter()
            for _ in range(runs):
                run()
            self.sync()
            found.append((time.perf_counter() - start) / runs)
        return statistics.median(found)

    def sampling(self):
        side = self.options.size
        unet, vae = self.load(sd14.UNet, "unet").eval(), self.load(sd14.VAE, "vae").eval()
        width = unet.down_blocks[0].attentions[0].transformer_blocks[0].attn2.to_k.in_features
        step = self.compiled(unet)
        decode, encode = self.compiled(vae.decode), self.compiled(vae.encode)
        x, context = self.randn(2, 4, side // 8, side // 8), self.randn(2, 77, width)
        now = torch.tensor([501], device=self.device)
        with torch.no_grad():
            self.report("U-Net step, batch 2", 1e3 * self.seconds(lambda: step(x, now, context)), "ms")
            latent, image = self.randn(1, 4, side // 8, side // 8), self.randn(1, 3, side, side)
            self.report("VAE decode", 1e3 * self.seconds(lambda: decode(latent)), "ms")
            self.report("VAE encode", 1e3 * self.seconds(lambda: encode(image)), "ms")
            for steps in self.options.steps:
                self.report(f"image, {steps} steps", self.picture(step, decode, context, steps), "s")

    def picture(self, step, decode, context, steps):
        """Seconds of a picture with guidance, VAE and copy back: DDIM, with one evaluation more, as PNDM has."""
        betas = torch.linspace(0.00085 ** 0.5, 0.012 ** 0.5, 1000, dtype=torch.float64) ** 2
        alphas = torch.cumprod(1 - betas, 0)
        times = [1 + i * (1000 // steps) for i in reversed(range(steps))]
        times.insert(1, times[0])
        moments = torch.tensor(times, device=self.device)

        def once():
            x = self.randn(1, 4, self.options.size // 8, self.options.size // 8, dtype=torch.float32)
            for i, t in enumerate(times):
                out = step(x.to(torch.bfloat16).expand(2, -1, -1, -1).contiguous(memory_format=torch.channels_last),
                           moments[i:i + 1], context).float()
                noise = out[:1] + 7.5 * (out[1:] - out[:1])
                a, b = alphas[t].item(), alphas[max(0, t - 1000 // steps)].item()
                x = (x - (1 - a) ** 0.5 * noise) / a ** 0.5 * b ** 0.5 + (1 - b) ** 0.5 * noise
            return decode((x / 0.18215).to(torch.bfloat16)).float().clamp(-1, 1).cpu()

        once()
        found = []
        for _ in range(3):
            start = time.perf_counter()
            once()
            found.append(time.perf_counter() - start)
        return statistics.median(found)

    def training(self, batch):
        """Mixed precision as diffusers' scripts have it: float32 parameters, arithmetic in bfloat16."""
        side = self.options.size // 8
        unet = self.load(sd14.UNet, "unet", torch.float32).train()
        width = unet.down_blocks[0].attentions[0].transformer_blocks[0].attn2.to_k.in_features
        model = self.compiled(unet)
        optimizer = torch.optim.AdamW(unet.parameters(), lr=1e-5, fused=self.device.type == "cuda")
        x, target = (self.randn(batch, 4, side, side, dtype=torch.float32) for _ in range(2))
        context = self.randn(batch, 77, width, dtype=torch.float32)
        now = torch.full((batch,), 501, device=self.device)

        def once():
            with torch.autocast(self.device.type, torch.bfloat16):
                loss = torch.nn.functional.mse_loss(model(x, now, context).float(), target)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)

        if self.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats()
        self.report(f"training, batch {batch}", batch / self.seconds(once, 3, 3), "images/s")
        if self.device.type == "cuda":
            self.report(f"training, batch {batch}, memory", torch.cuda.max_memory_allocated() / 2 ** 30, "GiB")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("model", nargs="?", help="folder of a model")
    p.add_argument("figures", nargs="?", help="file to append to")
    p.add_argument("--way", choices=("eager", "math", "compiled"), default="eager")
    p.add_argument("--device", default="cuda")
    p.add_argument("--size", type=int, default=512, help="of the pictures, a multiple of 64 (default: 512)")
    p.add_argument("--runs", type=int, default=10, help="that follow each other in a timing (default: 10)")
    p.add_argument("--steps", type=int, nargs="*", default=DDIM_STEPS, help="of the pictures (default: 50 75)")
    p.add_argument("--batches", type=int, nargs="*", default=(8, 32, 64), help="of training (default: 8 32 64)")
    p.add_argument("--check", metavar="GOLDENS", help="compare with the golden files instead")
    options = p.parse_args()
    if options.check:
        return 0 if check(options.check) else 1
    if not options.figures:
        p.error("a model and a file for the figures are needed")
    if options.device == "cuda" and not torch.cuda.is_available():
        print(f"PyTorch {torch.__version__} finds no GPU", file=sys.stderr)
        return 3
    peer, failed = Peer(options), 0
    for part in [peer.sampling, *(lambda batch=batch: peer.training(batch) for batch in options.batches)]:
        try:
            part()
        except RuntimeError as e:  # too little memory, or a compiler that is missing: the other figures go on
            print(f"{peer.by}: {type(e).__name__}: {str(e).splitlines()[0]}", file=sys.stderr, flush=True)
            failed = 1
        if peer.device.type == "cuda":
            torch.cuda.empty_cache()
    return failed


if __name__ == "__main__":
    sys.exit(main())
