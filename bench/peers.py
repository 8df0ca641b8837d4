"""Training time of lamina and its peers: the same network, batch, optimizer and data in each.

Every peer runs in a process of its own with the same threads on the same CPUs; the processes stay
alive and idle while others run; rounds are interleaved and their order rotates.  A round is one
whole `fit` (shuffling and gathering of rows included), its figure microseconds a step.

    python bench/peers.py
    python bench/peers.py --workloads hitters mlp --peers lamina torch jax-loop --rounds 5
"""

from __future__ import annotations

import argparse
import statistics
import sys
from typing import Any

from common import Child, add_options, append_history, at_least_one, machine, table
from workloads import WORKLOADS, Workload
from workloads.peer import PEERS


def start_children(
    workload: Workload, peers: list[str], threads: int, epochs: int
) -> dict[str, Child]:
    """Start one process a peer; say which are left out, and why."""
    children = {}
    for peer in peers:
        arguments = {"peer": peer, "workload": workload.description(), "epochs": epochs}
        child = Child("workloads.peer", arguments, threads)
        hello = child.hello
        if "error" in hello:
            print(f"{workload.name}: {peer} left out: {hello['error']}")
            child.close()
            continue
        if not hello["loss_after"] < hello["loss_before"]:
            print(
                f"{workload.name}: {peer} does not learn: loss {hello['loss_before']:.4g} "
                f"before, {hello['loss_after']:.4g} after"
            )
        children[peer] = child
    return children


def measure(children: dict[str, Child], rounds: int, epochs: int) -> dict[str, list[float]]:
    """Run interleaved rounds; each starts one peer further on, so that neighbours change."""
    names = list(children)
    figures: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(rounds):
        shift = turn % max(1, len(names))
        for name in names[shift:] + names[:shift]:
            answer = children[name].ask(epochs=epochs)
            if "error" in answer:
                raise SystemExit(f"peers: {name}: {answer['error']}")
            figures[name].append(answer["us"])
    return figures


def target(workload: Workload, medians: dict[str, float]) -> dict[str, Any]:
    """Compare lamina's median with the best peer's, and their ratio with the workload's goal."""
    others = {name: us for name, us in medians.items() if name != "lamina"}
    if "lamina" not in medians or not others:
        return {}
    best = min(others, key=lambda name: others[name])
    ratio = others[best] / medians["lamina"]
    return {"best_peer": best, "ratio": ratio, "ratio_met": ratio >= workload.ratio}


def report(
    workload: Workload, figures: dict[str, list[float]], children: dict[str, Child]
) -> tuple[dict[str, float], dict[str, Any]]:
    """Print the table of one workload and whether its target is met."""
    medians = {name: statistics.median(values) for name, values in figures.items()}
    own = medians.get("lamina")
    rows = []
    for name in sorted(medians, key=lambda name: medians[name]):
        hello = children[name].hello
        versions = ", ".join(f"{key} {value}" for key, value in hello["versions"].items())
        rows.append(
            [
                workload.name,
                name,
                f"{medians[name]:.1f}",
                f"{min(figures[name]):.1f}",
                f"{1e-3 * workload.mflop / medians[name] * 1e6:.1f}",
                f"{medians[name] / own:.2f}" if own else "-",
                f"{hello['loss_after']:.4f}",
                "; ".join(part for part in (versions, hello["note"]) if part),
            ]
        )
    head = ["workload", "peer", "median us", "min us", "GFLOP/s", "x lamina", "loss", "what"]
    print(table(head, rows))
    verdict = target(workload, medians)
    if verdict:
        line = f"{workload.name}: {own:.1f} us a step, {verdict['ratio']:.2f}x faster than "
        line += f"{verdict['best_peer']}, target {workload.ratio:g}x: "
        print(line + ("met" if verdict["ratio_met"] else "MISSED"))
    print()
    return medians, verdict


def run(workload: Workload, options: argparse.Namespace) -> None:
    epochs = workload.epochs(options.steps or workload.steps)
    children = start_children(workload, options.peers, options.threads, epochs)
    try:
        figures = measure(children, options.rounds, epochs)
    finally:
        for child in children.values():
            child.close()
    if not figures:
        return
    medians, verdict = report(workload, figures, children)
    if options.history:
        versions: dict[str, str] = {}
        for child in children.values():
            versions |= child.hello["versions"]
        append_history(
            "peers",
            {
                **machine(options.threads),
                "isa": versions.pop("isa", None),
                "workload": workload.name,
                "batch": workload.batch,
                "steps": epochs * workload.steps_per_epoch,
                "versions": versions,
                "median_us": medians,
                "rounds_us": figures,
                "notes": {name: child.hello["note"] for name, child in children.items()},
                **verdict,
            },
        )


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--workloads",
        nargs="+",
        choices=list(WORKLOADS),
        default=list(WORKLOADS),
        help="(default: all)",
    )
    parser.add_argument(
        "--peers", nargs="+", choices=list(PEERS), default=list(PEERS), help="(default: all)"
    )
    parser.add_argument("--steps", type=at_least_one, help="steps a round (default: by workload)")
    add_options(parser, rounds=7, threads=2)
    options = parser.parse_args(arguments)
    where = machine(options.threads)
    print(f"{where['cpu']}, {where['threads']} threads, {where['revision']}, {where['date']}\n")
    for name in options.workloads:
        run(WORKLOADS[name], options)


if __name__ == "__main__":
    sys.exit(main())
