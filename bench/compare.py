"""Two builds of lamina side by side: interleaved rounds, medians and their ratio.

A and B are each a Python interpreter, a virtual environment, or a directory made by
`pip install --target`.

    python bench/compare.py /tmp/before /tmp/after --workloads hitters mlp
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
from pathlib import Path

from common import Child, add_options, append_history, at_least_one, machine, table
from workloads import WORKLOADS, Workload


def interpreter(build: str) -> tuple[str, str | None]:
    """Return the Python that runs a build, and the directory to put in front of its path."""
    path = Path(build)
    if path.is_file() and os.access(path, os.X_OK):
        return str(path.absolute()), None  # not resolved: a link belongs to its environment
    if (path / "bin" / "python").exists():
        return str((path / "bin" / "python").absolute()), None
    if (path / "lamina").is_dir():
        return sys.executable, str(path.absolute())
    raise SystemExit(f"compare: {build} is neither a Python, nor an environment, nor holds lamina")


def compare(workload: Workload, builds: list[str], options: argparse.Namespace) -> list[str]:
    """Measure one workload with both builds; return a row of the table."""
    epochs = workload.epochs(options.steps or workload.steps)
    arguments = {"peer": "lamina", "workload": workload.description(), "epochs": epochs}
    children = []
    for build in builds:
        python, site = interpreter(build)
        child = Child("workloads.peer", arguments, options.threads, python, site)
        if "error" in child.hello:
            raise SystemExit(f"compare: {build}: {child.hello['error']}")
        children.append(child)
    rounds: list[list[float]] = [[], []]
    for turn in range(options.rounds):
        for index in (0, 1) if turn % 2 == 0 else (1, 0):
            rounds[index].append(children[index].ask(epochs=epochs)["us"])
    for child in children:
        child.close()
    a, b = (statistics.median(values) for values in rounds)
    pairs = sorted(x / y for x, y in zip(*rounds, strict=True))
    same = children[0].hello["loss_after"] == children[1].hello["loss_after"]
    if options.history:
        record = {"workload": workload.name, "builds": builds, "rounds_us": rounds}
        append_history("compare", {**machine(options.threads), **record})
    spread = f"{pairs[0]:.3f} to {pairs[-1]:.3f}"
    return [workload.name, "same" if same else "differs", f"{a:.1f}", f"{b:.1f}",
            f"{a / b:.3f}", spread]  # fmt: skip


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("a", help="a build: Python, environment or directory")
    parser.add_argument("b", help="another")
    parser.add_argument(
        "--workloads",
        nargs="+",
        choices=list(WORKLOADS),
        default=list(WORKLOADS),
        help="(default: all)",
    )
    parser.add_argument("--steps", type=at_least_one, help="steps a round (default: by workload)")
    add_options(parser, rounds=11, threads=2)
    options = parser.parse_args(arguments)
    rows = [compare(WORKLOADS[name], [options.a, options.b], options) for name in options.workloads]
    head = ["workload", "loss", "A us", "B us", "A/B", "A/B by round"]
    print(table(head, rows))


if __name__ == "__main__":
    sys.exit(main())
