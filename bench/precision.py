"""A training step in float32 and with products in bfloat16: lamina, and PyTorch's autocast.

    python bench/precision.py --workloads wide cifar --rounds 5

Contestants take turns, each in its own process.  Beside the time is the time of all CPUs together,
which other processes disturb less.  Needs a CPU with AVX512_BF16.
"""

from __future__ import annotations

import argparse
import statistics

from common import Child, add_options, append_history, machine, table
from workloads import WORKLOADS, Workload
from workloads.precision_peer import CONTESTANTS

FIRST = "lamina float32"


def measure(
    workload: Workload, names: list[str], threads: int, rounds: int
) -> tuple[dict[str, list[float]], dict[str, list[float]], dict[str, float]]:
    """Return milliseconds per step, and of CPUs, round by round, and the losses after warm-up."""
    epochs = workload.epochs(workload.steps)
    children = {}
    try:
        for name in names:
            given = {"workload": workload.name, "contestant": name, "epochs": epochs}
            child = Child("workloads.precision_peer", given, threads)
            if "error" in child.hello:
                print(f"{name} left out: {child.hello['error']}")
                child.close()
            else:
                children[name] = child
        if not children:
            raise SystemExit("precision: none of the contestants can run here")
        times: dict[str, list[float]] = {name: [] for name in children}
        work: dict[str, list[float]] = {name: [] for name in children}
        steps = epochs * workload.steps_per_epoch
        present = list(children)
        for turn in range(rounds):
            shift = turn % len(present)
            for name in present[shift:] + present[:shift]:
                answer = children[name].ask(epochs=epochs)
                times[name].append(1e3 * answer["seconds"] / steps)
                work[name].append(1e3 * answer["cpu"] / steps)
        return times, work, {name: child.hello["loss"] for name, child in children.items()}
    finally:
        for child in children.values():
            child.close()


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    usual = ["wide", "cnn", "cifar"]
    parser.add_argument(
        "--workloads", nargs="+", choices=list(WORKLOADS), default=usual,
        help=f"(default: {' '.join(usual)})",
    )  # fmt: skip
    text = "(default: all)"
    parser.add_argument("--contestants", nargs="+", choices=list(CONTESTANTS), help=text)
    add_options(parser, rounds=5, threads=[2])
    options = parser.parse_args(arguments)
    for threads in options.threads:
        for name in options.workloads:
            names = options.contestants or list(CONTESTANTS)
            times, work, losses = measure(WORKLOADS[name], names, threads, options.rounds)
            rows = []
            for who, own in times.items():
                row = [name, who]
                for each, all_of in ((own, times), (work[who], work)):
                    pairs = zip(all_of.get(FIRST, each), each, strict=True)
                    ratio = statistics.median(a / b for a, b in pairs)
                    row += [f"{statistics.median(each):.2f}", f"{min(each):.2f}", f"{ratio:.2f}"]
                rows.append([*row, f"{losses[who]:.4g}"])
            plural = "s" if threads > 1 else ""
            print(f"{threads} thread{plural}; faster: times as fast as {FIRST}")
            head = ["workload", "contestant", "ms a step", "best", "faster"]
            print(table([*head, "CPU ms", "best", "less", "loss"], rows))
            print(flush=True)
            if options.history:
                kept = {"workload": name, "ms": times, "cpu_ms": work, "losses": losses}
                append_history("precision", {**machine(threads), **kept})


if __name__ == "__main__":
    main()
