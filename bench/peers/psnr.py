"""How far apart two pictures are that `cathode sample --dump` wrote.

    python bench/peers/psnr.py PLAIN.safetensors OTHER.safetensors [--least 30]

Prints, for each tensor both files have, the root mean square of the difference over that of the first, and for the
image (0 to 1, before it is rounded to 8 bits) the peak signal-to-noise ratio in dB. The exit code is 1 if that is below
--least.
"""

import argparse
import sys

import numpy as np
from safetensors.numpy import load_file


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("plain", help="the reference")
    p.add_argument("other", help="what to judge")
    p.add_argument("--least", type=float, default=30, help="dB (default: 30)")
    o = p.parse_args()
    plain, other = load_file(o.plain), load_file(o.other)
    for name in sorted(plain.keys() & other.keys()):
        x, y = plain[name].astype(np.float64), other[name].astype(np.float64)
        print(f"{name}: relative error {np.sqrt(np.mean((x - y) ** 2) / np.mean(x ** 2)):.2e}")
    square = np.mean((plain["image"].astype(np.float64) - other["image"]) ** 2)
    psnr = -10 * np.log10(square) if square > 0 else np.inf
    print(f"image: PSNR {psnr:.1f} dB")
    sys.exit(0 if psnr >= o.least else 1)


if __name__ == "__main__":
    main()
