"""The whole comparison: every figure against the peer's best settings, one process of each side after the other.

    python bench/peers/table.py MODEL [--rounds 5] [--only unet,vae-bf16,...] [--json FILE]

Settings of the peer: channels-last and jemalloc always; `compiled` is torch.compile with frozen weights. Where PyTorch is
measured in several settings, they and Cathode take turns in one round. Ratios are Cathode's time (or memory) divided by
the peer's: below 1, Cathode is better. FILE is read first, and figures in it that have all their rounds are not measured
again: what was interrupted goes on.
"""

import argparse
import copy
import json
import os
import sys
import tempfile

import compare
import processes

JEMALLOC = "/usr/lib/x86_64-linux-gnu/libjemalloc.so.2"
EAGER = "--channels-last"
COMPILED = "--channels-last --compile"
BF16 = " --dtype bfloat16"
# name: (what, program, settings of the peer, options of Cathode)
FIGURES = {
    "unet": ("U-Net, batch 2, 64×64, fp32", "unet", {"eager": EAGER, "compiled": COMPILED}, ""),
    "unet-bf16": ("U-Net, mixed bf16", "unet", {"eager": EAGER + BF16, "compiled": COMPILED + BF16}, BF16),
    "vae": ("VAE decode 512×512, fp32", "vae", {"eager": EAGER}, ""),
    "vae-bf16": ("VAE decode, mixed bf16", "vae", {"eager": EAGER + BF16}, BF16),
    "text": ("text encoder, 2 × 77, fp32", "text", {"eager": ""}, ""),
    "pipeline": ("512×512, 5 steps, start to PNG, fp32", "pipeline", {"eager": EAGER}, ""),
    "pipeline-bf16": ("512×512, 5 steps, start to PNG, mixed bf16", "pipeline", {"eager": EAGER + BF16}, BF16),
    "pipeline-low": ("the same, --memory low", "pipeline", {}, BF16 + " --memory low"),
    "train": ("training step, batch 1, 32×32, fp32", "train", {"eager": ""}, ""),
}


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("model", help="folder of a Stable Diffusion 1 model in the layout of diffusers")
    p.add_argument("--only", default=",".join(FIGURES), help="figures, with commas (default: all)")
    p.add_argument("--settings", default="eager,compiled", help="of the peer, with commas (default: eager,compiled)")
    p.add_argument("--rounds", type=int, default=5, help="processes of each side and setting (default: 5)")
    p.add_argument("--runs", type=int, help="of one process (default: 3, text 15)")
    p.add_argument("--cathode", default=os.path.join(compare.HERE, "../../cathode"), help="the program")
    p.add_argument("--preload", default=JEMALLOC if os.path.exists(JEMALLOC) else "", help="allocator of the peer")
    p.add_argument("--json", help="a file for everything measured")
    o = p.parse_args()
    for name in o.only.split(","):
        if name not in FIGURES:
            p.error(f"no figure is called {name}; there are {', '.join(FIGURES)}")
    return o


def sides(name, o):
    """What takes turns: name of the side, and the options compare.measure wants."""
    _, _, settings, ours = FIGURES[name]
    common = argparse.Namespace(model=o.model, runs=o.runs, size="512x512", steps=5, cathode=o.cathode, ours=ours, peer="",
                                peer_preload=o.preload, lock=None)
    for setting in (s for s in settings if s in o.settings.split(",")):
        peer = copy.copy(common)
        peer.peer = settings[setting]
        yield setting, "peer", peer
    yield "Cathode", "ours", common


def measure(name, o, found, folder, save):
    program = FIGURES[name][1]
    rounds = found.setdefault(name, {})
    for i in range(o.rounds):
        for side, whose, options in sides(name, o):
            done = rounds.setdefault(side, [])
            if len(done) > i:
                continue
            done.append(compare.measure(whose, program, options, folder))
            save()
            print(f"{name} {i + 1}/{o.rounds} {side}: {done[-1]['seconds']:.3f} s, {done[-1]['peak_rss'] / 2**30:.2f} GiB, "
                  f"others busy {done[-1]['others']:.2f}", file=sys.stderr, flush=True)


def row(name, rounds):
    """A line of the table."""
    found = {side: compare.summary(results) for side, results in rounds.items() if results}
    ours = found.pop("Cathode")
    peers = "; ".join(f"{side} {p['seconds']:.2f} s" for side, p in found.items())
    ratios = "; ".join(f"{ours['seconds'] / p['seconds']:.2f}" for p in found.values())
    memory = "; ".join(f"{s['peak_rss'] / 2**30:.1f}" for s in (*found.values(), ours))
    spread = ", ".join(f"{s['spread']:.0%}" for s in (*found.values(), ours))
    busy = max(s["others"] for s in (*found.values(), ours))
    return f"| {FIGURES[name][0]} | {peers} | {ours['seconds']:.2f} s | {ratios} | {memory} | {spread} | {busy:.2f} |"


def main():
    o = arguments()
    found = {"machine": compare.machine(), "options": vars(o), "figures": {}}
    if o.json and os.path.exists(o.json):
        with open(o.json, encoding="utf-8") as f:
            found["figures"] = json.load(f)["figures"]

    def save():
        if o.json:
            with open(o.json + ".part", "w", encoding="utf-8") as f:
                json.dump(found, f, indent=1)
            os.replace(o.json + ".part", o.json)

    with tempfile.TemporaryDirectory() as folder:
        for name in o.only.split(","):
            try:
                measure(name, o, found["figures"], folder, save)
            except processes.Failed as e:
                print(f"{name}: {e}", file=sys.stderr)
    print("| figure | PyTorch | Cathode | ratio | peak memory, GiB | spread | others busy |\n|---|---|---:|---|---|---|---:|")
    for name in o.only.split(","):
        if found["figures"].get(name, {}).get("Cathode"):
            print(row(name, found["figures"][name]))


if __name__ == "__main__":
    main()
