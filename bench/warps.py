"""Images read at positions between their pixels, in lamina and Keras, in nanoseconds per pixel.

Rotations, perspectives and elastic transforms of a batch by operations of ``ops.image``, from which
``RandomRotation`` and similar layers are made; those of Keras are compiled by JAX if possible.
Each library runs in its own process; rounds are interleaved, starting one library further on each
time.

    python bench/warps.py
    python bench/warps.py --threads 1 --rounds 21 --no-history
    python bench/warps.py --jobs "rotation 32x32x3" --rounds 3
"""

from __future__ import annotations

import argparse
import statistics
import sys

from common import Child, add_options, append_history, machine, table
from workloads.warp_peer import JOBS, LIBRARIES


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n")[0])
    add_options(parser, rounds=9, threads=2)
    text = "which of them; Keras takes 20 s a round for the elastic ones (default: all)"
    parser.add_argument("--jobs", nargs="+", choices=JOBS, default=list(JOBS), help=text)
    options = parser.parse_args(arguments)
    children = {}
    for name in LIBRARIES:
        child = Child("workloads.warp_peer", {"peer": name}, options.threads)
        if "error" in child.hello:
            print(f"{name} left out: {child.hello['error']}")
            child.close()
        else:
            children[name] = child
    names = list(children)
    figures = {job: {name: [] for name in names} for job in options.jobs}
    for turn in range(options.rounds):
        shift = turn % len(names)
        for job, found in figures.items():
            for name in names[shift:] + names[:shift]:
                found[name].append(children[name].ask(job=job)["ns"])
    medians = {
        job: {name: statistics.median(values) for name, values in found.items()}
        for job, found in figures.items()
    }
    rows = [
        [job, *(f"{by_name[name]:.1f}" for name in names),
         *(f"{by_name[name] / by_name['lamina']:.2f}" for name in names if name != "lamina")]
        for job, by_name in medians.items()
    ]  # fmt: skip
    others = [f"{name} / lamina" for name in names if name != "lamina"]
    print(table(["job", *(f"{name} ns" for name in names), *others], rows))
    versions = {name: child.hello["version"] for name, child in children.items()}
    for child in children.values():
        child.close()
    if options.history:
        line = {**machine(options.threads), "versions": versions}
        append_history("warps", {**line, "median_ns": medians, "rounds_ns": figures})


if __name__ == "__main__":
    sys.exit(main())
