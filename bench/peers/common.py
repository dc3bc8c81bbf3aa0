"""What the peer's programs share: options, settings of PyTorch, timing, and the line of JSON they print."""

import argparse
import json
import os
import resource
import statistics
import time

import torch

import processes

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def parser(about, runs=5):
    """The options all programs know."""
    p = argparse.ArgumentParser(description=about)
    p.add_argument("model", help="folder of a Stable Diffusion 1 model in the layout of diffusers")
    p.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="(default: all cores)")
    p.add_argument("--dtype", choices=DTYPES, default="float32", help="of weights and arithmetic (default: float32)")
    p.add_argument("--channels-last", action="store_true", help="feature maps in NHWC")
    p.add_argument("--compile", action="store_true", help="torch.compile with frozen (packed) weights instead of eager")
    p.add_argument("--warmup", type=int, default=1, help="runs that are not counted (default: 1)")
    p.add_argument("--runs", type=int, default=runs, help=f"(default: {runs})")
    return p


def apply(options):
    """Settings that must come before the first tensor."""
    torch.set_num_threads(options.threads)
    torch.set_grad_enabled(False)
    if options.compile:
        from torch._inductor import config as inductor
        inductor.freezing = True


def prepare(model, options):
    """The network in the memory format and the mode asked for."""
    model.eval()
    if options.channels_last:
        model.to(memory_format=torch.channels_last)
    return torch.compile(model) if options.compile else model


def inputs(options, seed, *shape):
    """A standard normal tensor of the dtype asked for."""
    tensor = torch.randn(shape, generator=torch.Generator().manual_seed(seed)).to(DTYPES[options.dtype])
    four = options.channels_last and len(shape) == 4
    return tensor.contiguous(memory_format=torch.channels_last) if four else tensor


def settings(options):
    """How the numbers were made, for the record."""
    s = {"dtype": options.dtype, "channels_last": options.channels_last, "compile": options.compile}
    for variable in ("LD_PRELOAD", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "THP_MEM_ALLOC_ENABLE"):
        if os.environ.get(variable):
            s[variable] = os.environ[variable]
    return s


def median(values):
    return statistics.median(values)


def measure(name, options, run, training=False):
    """Times run() and prints one line of JSON. run returns a tensor, which must be finite."""
    with torch.enable_grad() if training else torch.inference_mode():
        for _ in range(options.warmup):
            out = run()
        seconds = []
        busy, own, begin = processes.busy_seconds(), time.process_time(), time.perf_counter()
        for _ in range(options.runs):
            start = time.perf_counter()
            out = run()
            seconds.append(time.perf_counter() - start)
        others = (processes.busy_seconds() - busy - time.process_time() + own) / (time.perf_counter() - begin)
    assert torch.isfinite(out).all(), f"{name}: the result has numbers that are not finite"
    report(name, options, seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
           others=round(max(0.0, others), 2), shape=list(out.shape), mean=round(out.double().mean().item(), 6))


def report(name, options, seconds, peak_rss, **more):
    print(json.dumps({"name": name, "median_s": round(median(seconds), 4), "runs": options.runs,
                      "seconds": [round(s, 4) for s in seconds], "torch": torch.__version__,
                      "threads": options.threads, "settings": settings(options), "peak_rss": peak_rss, **more}),
          flush=True)
