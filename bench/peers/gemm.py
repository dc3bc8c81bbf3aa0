"""GFLOP/s of linear layers at sizes of Stable Diffusion, in float32 and bfloat16."""

import argparse
import json
import os
import statistics
import time

import torch

SHAPES = [(4096, 320, 2880), (4096, 2560, 320), (1024, 1280, 1280), (2048, 2048, 2048)]  # rows, outputs, inputs


def rate(dtype, rows, outputs, inputs, runs):
    x, w = torch.randn(rows, inputs).to(dtype), torch.randn(outputs, inputs).to(dtype)
    seconds = []
    for i in range(runs + 3):
        start = time.perf_counter()
        torch.nn.functional.linear(x, w)
        seconds.append(time.perf_counter() - start)
    return 2 * rows * outputs * inputs / statistics.median(seconds[3:]) * 1e-9


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="(default: all cores)")
    p.add_argument("--runs", type=int, default=15, help="of each (default: 15); the median counts")
    o = p.parse_args()
    torch.set_num_threads(o.threads)
    with torch.inference_mode():
        print(json.dumps({"torch": torch.__version__, "threads": o.threads, "gflops": {
            name: {"x".join(map(str, shape)): round(rate(dtype, *shape, o.runs), 1) for shape in SHAPES}
            for name, dtype in (("float32", torch.float32), ("bfloat16", torch.bfloat16))}}))


if __name__ == "__main__":
    main()
