#!/usr/bin/env python3
"""Draws the losses of training runs as an SVG: tools/curves.py "title=output/run" ... > curves.svg

Each run's folder holds log.csv and, if there was a validation split, scalars.csv. Needs nothing but Python.
"""
import csv
import math
import sys
from pathlib import Path

WIDTH, HEIGHT, MARGIN, POINTS = 460, 280, 48, 200


def training(folder):
    """The loss of each step, averaged over a two hundredth of the run."""
    with open(folder / "log.csv", newline="") as file:
        rows = [(int(row["step"]), float(row["loss"])) for row in csv.DictReader(file)]
    size = max(1, len(rows) // POINTS)
    parts = [rows[i:i + size] for i in range(0, len(rows), size)]
    return [(part[-1][0], sum(loss for _, loss in part) / len(part)) for part in parts]


def validation(folder):
    if not (folder / "scalars.csv").exists():
        return []
    with open(folder / "scalars.csv", newline="") as file:
        return [(int(row["step"]), float(row["value"])) for row in csv.DictReader(file)
                if row["tag"] == "validation/loss"]


def panel(left, title, folder):
    runs = [("training", "#1f77b4", training(folder)), ("validation", "#d62728", validation(folder))]
    steps = max(step for _, _, line in runs for step, _ in line)
    values = [math.log10(value) for _, _, line in runs for _, value in line]
    low, high = min(values), max(values)

    def x(step):
        return left + MARGIN + step / steps * (WIDTH - 1.5 * MARGIN)

    def y(value):
        return MARGIN + (high - math.log10(value)) / (high - low) * (HEIGHT - 2 * MARGIN)

    yield f'<text x="{left + WIDTH / 2:.0f}" y="24" text-anchor="middle" font-weight="bold">{title}</text>'
    for decade in range(math.floor(low), math.ceil(high) + 1):
        for digit in (1, 2, 5):
            value = digit * 10.0 ** decade
            if low <= math.log10(value) <= high:
                yield (f'<line x1="{x(0):.0f}" x2="{x(steps):.0f}" y1="{y(value):.1f}" y2="{y(value):.1f}" '
                       f'stroke="#ddd"/><text x="{x(0) - 4:.0f}" y="{y(value) + 4:.1f}" text-anchor="end">{value:g}</text>')
    for quarter in range(5):
        step = steps * quarter // 4
        yield f'<text x="{x(step):.0f}" y="{HEIGHT - MARGIN + 16}" text-anchor="middle">{step}</text>'
    for row, (name, colour, line) in enumerate(run for run in runs if run[2]):
        points = " ".join(f"{x(step):.1f},{y(value):.1f}" for step, value in line)
        yield f'<polyline fill="none" stroke="{colour}" points="{points}"/>'
        yield (f'<text x="{x(steps):.0f}" y="{MARGIN + 14 * (row + 1)}" text-anchor="end" '
               f'fill="{colour}">{name} loss</text>')
    yield f'<text x="{left + WIDTH / 2:.0f}" y="{HEIGHT - 8}" text-anchor="middle">step</text>'


def main():
    runs = [argument.split("=", 1) for argument in sys.argv[1:]]
    if not runs or any(len(run) != 2 for run in runs):
        sys.exit(__doc__)
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH * len(runs)} {HEIGHT}" '
          'font-family="sans-serif" font-size="11"><rect width="100%" height="100%" fill="white"/>')
    for number, (title, folder) in enumerate(runs):
        print("\n".join(panel(number * WIDTH, title, Path(folder))))
    print("</svg>")


if __name__ == "__main__":
    main()
