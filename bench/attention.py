"""A training step of MultiHeadAttention(4, 32) on 64 x 128 x 128 in lamina, PyTorch and Keras.

Forward, backward and Adam under a mean squared error, float32.  Each library runs in its own
process; rounds are interleaved, starting one library further on each time.

    python bench/attention.py
    python bench/attention.py --threads 1 --rounds 20 --no-history
"""

from __future__ import annotations

import argparse
import statistics
import sys

from common import Child, add_options, append_history, at_least_one, machine, table
from workloads.attention_peer import LIBRARIES


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n")[0])
    add_options(parser, rounds=9, threads=2)
    text = "steps of a round, whose mean is taken (default: %(default)s)"
    parser.add_argument("--steps", type=at_least_one, default=5, help=text)
    options = parser.parse_args(arguments)
    children = {}
    for name in LIBRARIES:
        child = Child("workloads.attention_peer", {"peer": name}, options.threads)
        if "error" in child.hello:
            print(f"{name} left out: {child.hello['error']}")
            child.close()
        else:
            children[name] = child
    names = list(children)
    figures: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(options.rounds):
        shift = turn % len(names)
        for name in names[shift:] + names[:shift]:
            figures[name].append(children[name].ask(steps=options.steps)["ms"])
    medians = {name: statistics.median(values) for name, values in figures.items()}
    rows = [
        [name, children[name].hello["version"], f"{medians[name]:.1f}", f"{min(figures[name]):.1f}",
         f"{medians[name] / medians['lamina']:.2f}"]
        for name in sorted(names, key=lambda name: medians[name])
    ]  # fmt: skip
    print(table(["library", "version", "median ms", "min ms", "x lamina"], rows))
    versions = {name: child.hello["version"] for name, child in children.items()}
    for child in children.values():
        child.close()
    if options.history:
        line = {**machine(options.threads), "versions": versions}
        append_history("attention", {**line, "median_ms": medians, "rounds_ms": figures})


if __name__ == "__main__":
    sys.exit(main())
