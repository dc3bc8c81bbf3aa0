"""Measures PyTorch and Cathode in turns (A B A B ...) and prints who needs how long.

    python bench/peers/compare.py MODEL [--only unet,vae,text,pipeline] [--rounds 5] [--json FILE]

Every figure is the median over the rounds of what one process measured (itself the median of its runs), or for the
pipeline of the seconds from the start of the process to its end, when the PNG file is there. A ratio above 1 means that
Cathode is faster, or needs less memory. `spread` is (largest - smallest) / median over the rounds: with a large one, or
when other processes had work to do (`busy`, in cores), the machine was not quiet and the figures say little.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile

import pipeline
import processes

HERE = os.path.dirname(os.path.abspath(__file__))
FIGURES = {"unet": "U-Net step", "vae": "VAE decode", "text": "text encode", "train": "training step",
           "pipeline": "whole pipeline"}
RUNS = {"unet": 3, "vae": 3, "text": 15, "train": 3}
TRAINING_SIZE = "256x256"


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("model", help="folder of a Stable Diffusion 1 model in the layout of diffusers")
    p.add_argument("--only", default=",".join(FIGURES), help="figures, with commas (default: all)")
    p.add_argument("--sides", default="peer,ours", help="peer, ours or both (default)")
    p.add_argument("--rounds", type=int, default=5, help="processes of each side and figure (default: 5)")
    p.add_argument("--runs", type=int, help="of one process (default: 3, text 15)")
    p.add_argument("--size", default="512x512", help="WIDTHxHEIGHT")
    p.add_argument("--steps", type=int, default=5, help="of the pipeline")
    p.add_argument("--cathode", default=os.path.join(HERE, "../../cathode"), help="the program")
    p.add_argument("--ours", default="", help="further options of cathode, as one text: --ours='--memory low'")
    p.add_argument("--peer", default="", help="further options of the peer's programs: --channels-last ...")
    p.add_argument("--peer-preload", default="", help="LD_PRELOAD of the peer: an allocator such as jemalloc")
    p.add_argument("--lock", help="a file to hold an exclusive lock on while a process is measured")
    p.add_argument("--json", help="a file for everything measured")
    return p.parse_args()


def command(side, figure, o, out):
    """The command line of one process."""
    if figure == "pipeline":
        task = ["--steps", str(o.steps), "--guidance", "4", "--seed", "1", "--size", o.size, "--out", out]
    else:
        task = ["--size", TRAINING_SIZE if figure == "train" else o.size] if figure != "text" else []
        task += ["--batch", "1" if figure in ("vae", "train") else "2", "--runs", str(o.runs or RUNS[figure])]
    if side == "peer":
        return [sys.executable, "-W", "ignore", os.path.join(HERE, f"{figure}.py"), o.model, *task,
                *(["--once"] if figure == "pipeline" else []), *o.peer.split()]
    if figure == "pipeline":
        return [o.cathode, "sample", pipeline.PROMPT, "--model", o.model, *task, *o.ours.split()]
    return [o.cathode, "bench", figure, "--model", o.model, *task, "--json", *o.ours.split()]


def last_json(text):
    """The last line of the output that is a JSON object, or the whole output as one."""
    for line in reversed(text.strip().splitlines()):
        if line.startswith("{") and line.endswith("}"):
            return json.loads(line)
    return json.loads(text[text.index("{"):])


def measure(side, figure, o, folder):
    """One process: seconds, peak_rss, others."""
    out = os.path.join(folder, f"{side}.png")
    env = {"LD_PRELOAD": o.peer_preload} if side == "peer" and o.peer_preload else None
    result = processes.run(command(side, figure, o, out), env, o.lock)
    text = result.pop("out")
    if figure == "pipeline":
        if not os.path.getsize(out):
            raise processes.Failed(f"{out} is empty")
        os.remove(out)
    else:
        answer = last_json(text)
        result["process_seconds"] = result["seconds"]
        result["seconds"] = answer["median_s" if side == "peer" else "median_seconds"]
        result["answer"] = answer
    return result


def summary(results):
    seconds = [r["seconds"] for r in results]
    middle = statistics.median(seconds)
    return {"seconds": middle, "spread": (max(seconds) - min(seconds)) / middle,
            "peak_rss": statistics.median(r["peak_rss"] for r in results),
            "others": statistics.median(r["others"] for r in results), "rounds": results}


def rows(figure, sides):
    """Lines of the table: time, and for the pipeline memory too."""
    def line(name, key, show):
        cells = [show(sides[s][key]) if s in sides else "" for s in ("peer", "ours")]
        ratio = f"{sides['peer'][key] / sides['ours'][key]:.2f}" if len(sides) == 2 else ""
        spread = ", ".join(f"{s['spread']:.0%}" for s in sides.values())
        busy = ", ".join(f"{s['others']:.2f}" for s in sides.values())
        return f"| {name} | {cells[0]} | {cells[1]} | {ratio} | {spread} | {busy} |"
    found = [line(FIGURES[figure], "seconds", lambda s: f"{s:.3f} s")]
    if figure in ("pipeline", "train"):
        found.append(line(f"peak memory of the {FIGURES[figure].split()[-1]}", "peak_rss", lambda b: f"{b / 2**30:.2f} GiB"))
    return found


def machine():
    with open("/proc/cpuinfo") as f:
        model = next((line.split(":")[1].strip() for line in f if line.startswith("model name")), platform.machine())
    return {"cpu": model, "cores": len(os.sched_getaffinity(0)), "system": platform.platform()}


def main():
    o = arguments()
    sides = o.sides.split(",")
    found = {"machine": machine(), "options": vars(o), "figures": {}}
    table = ["| figure | PyTorch | Cathode | ratio | spread | busy |", "|---|---:|---:|---:|---:|---:|"]
    with tempfile.TemporaryDirectory() as folder:
        for figure in o.only.split(","):
            results = {side: [] for side in sides}
            for i in range(o.rounds):
                for side in sides:
                    results[side].append(measure(side, figure, o, folder))
                    print(f"{figure} {i + 1}/{o.rounds} {side}: {results[side][-1]['seconds']:.3f} s, others busy "
                          f"{results[side][-1]['others']:.2f}", file=sys.stderr, flush=True)
            found["figures"][figure] = {side: summary(r) for side, r in results.items()}
            table += rows(figure, found["figures"][figure])
    print("\n".join(table))
    if o.json:
        with open(o.json + ".part", "w", encoding="utf-8") as f:
            json.dump(found, f, indent=1)
        os.replace(o.json + ".part", o.json)


if __name__ == "__main__":
    main()
