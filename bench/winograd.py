"""Convolutions by Winograd's algorithm compared with plain sums: errors and time.

Errors are the largest of the forward pass, the inputs' gradient and the weights' gradient, each
relative to the largest result in float64.  Time is that of the three together.  The two contestants
are the same library with and without LAMINA_WINOGRAD=0, in separate processes that take turns.

    python bench/winograd.py
    python bench/winograd.py --threads 1 --rounds 9
"""

from __future__ import annotations

import argparse
import statistics
import sys

from common import Child, add_options, append_history, machine, table

# images, height, width, channels, filters, window's height and width; padded to the same size
SHAPES = [
    (64, 32, 32, 64, 64, 3, 3),
    (128, 16, 16, 32, 64, 3, 3),
    (128, 8, 8, 64, 128, 3, 3),
    (128, 13, 13, 32, 64, 3, 3),
    (64, 14, 14, 64, 64, 3, 3),
    (64, 14, 14, 256, 256, 3, 3),
    (64, 32, 32, 64, 64, 2, 2),
    (64, 16, 16, 64, 64, 4, 4),
    (64, 32, 32, 16, 16, 3, 3),
    (64, 7, 7, 32, 32, 3, 3),
    (64, 32, 32, 64, 64, 5, 5),
    (128, 16, 16, 32, 64, 5, 5),
    (64, 14, 14, 128, 128, 5, 5),
    (64, 14, 14, 64, 64, 7, 7),
    (32, 32, 32, 16, 16, 9, 9),
    (32, 16, 16, 64, 64, 11, 11),
    (64, 1, 500, 64, 64, 1, 5),
    (64, 1, 500, 64, 64, 1, 3),
    (64, 1, 100, 128, 128, 1, 5),
    (64, 1, 5000, 16, 16, 1, 5),
    (64, 1, 500, 64, 64, 1, 9),
    (64, 32, 32, 64, 64, 1, 5),
    (64, 32, 32, 64, 64, 5, 1),
]
WAYS = {"plain": {"LAMINA_WINOGRAD": "0"}, "winograd": {"LAMINA_WINOGRAD": "1"}}


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    add_options(parser, rounds=5, threads=2)
    options = parser.parse_args(arguments)
    children = {
        name: Child("workloads.winograd_peer", {}, options.threads, more=more)
        for name, more in WAYS.items()
    }
    try:
        rows, record = [], []
        for shape in SHAPES:
            answers: dict[str, list[dict[str, float]]] = {name: [] for name in WAYS}
            for turn in range(options.rounds):
                for name in sorted(WAYS, reverse=turn % 2 == 1):
                    answers[name].append(children[name].ask(shape=shape))
            ms = {k: statistics.median(a["ms"] for a in v) for k, v in answers.items()}
            error = {k: v[0]["error"] for k, v in answers.items()}
            record.append({"shape": shape, "ms": ms, "error": error})
            rows.append(
                [
                    "x".join(map(str, shape)),
                    *(f"{error[name]:.2g}" for name in WAYS),
                    *(f"{ms[name]:.2f}" for name in WAYS),
                    f"{ms['plain'] / ms['winograd']:.2f}",
                ]
            )
    finally:
        for child in children.values():
            child.close()
    print(table(["shape", "plain error", "winograd error", "plain ms", "winograd ms", "x"], rows))
    if options.history:
        append_history("winograd", {**machine(options.threads), "shapes": record})


if __name__ == "__main__":
    sys.exit(main())
