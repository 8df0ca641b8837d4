"""Training time of lamina and its peers: the same network, batch, optimizer and data in each.

Every peer runs in its own process with the same number of threads on the same CPUs; the processes
stay alive and idle while others run; rounds are interleaved and their order rotates.  A round is
one whole `fit` (including shuffling and gathering of rows), and its figure is microseconds per
step.

    python bench/peers.py
    python bench/peers.py --workloads hitters mlp --peers lamina torch jax-loop --rounds 5
    python bench/peers.py --workloads mlp --busy 1
    python bench/peers.py --workloads mlp wide --peers lamina tensorflow jax-loop --limits
    python bench/peers.py --inference --results figures.jsonl
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from typing import Any

import contest
import inference
import limits
from common import Child, add_options, append_history, at_least_one, at_most_cpus, machine, table
from workloads import WORKLOADS, Workload
from workloads.peer import PEERS
from workloads.predictor import PREDICTORS


def start_children(
    workload: Workload, peers: list[str], threads: int, epochs: int
) -> dict[str, Child]:
    """Start one process per peer; report which are left out, and why."""
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


def report(
    workload: Workload,
    figures: contest.Figures,
    children: dict[str, Child],
    measured: dict[str, float] | None,
    profile: list[dict[str, Any]],
) -> dict[str, Any]:
    """Print the table of one workload, whether its target is met, and how near the limits are."""
    medians = figures.medians()
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
                f"{min(figures.quiet[name]):.1f}",
                f"{1e-3 * workload.mflop / medians[name] * 1e6:.1f}",
                f"{medians[name] / own:.2f}" if own else "-",
                *contest.busy_cells(figures, name),
                f"{hello['loss_after']:.4f}",
                "; ".join(part for part in (versions, hello["note"]) if part),
            ]
        )
    more = contest.BUSY_HEAD if figures.busy else []
    head = ["workload", "peer", "median us", "min us", "GFLOP/s", "x lamina", *more, "loss", "what"]
    print(table(head, rows))
    found = contest.verdict(figures, workload.ratio, [workload.fastest])
    if found and own is not None:
        print(contest.in_words(workload.name, own, found))
        if measured:
            best = medians[found["best_peer"]]
            found |= limits.shares(workload.mflop, own, best, workload.ratio, measured)
    if measured:
        print(limits.in_words(measured | found))
        if profile:
            print(limits.profile(profile, measured))
    print()
    return found


def run(workload: Workload, options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Measure one workload; return the results to keep."""
    epochs = workload.epochs(options.steps or workload.steps)
    measuring = limits.Limits.asked(options)
    children = start_children(workload, options.peers, options.threads, epochs)

    def ask(name: str) -> float:
        answer = children[name].ask(epochs=epochs)
        if "error" in answer:
            raise SystemExit(f"peers: {name}: {answer['error']}")
        return float(answer["us"])

    names = list(children)
    profile: list[dict[str, Any]] = []
    try:
        if not children:
            return
        figures = contest.measure(
            names, ask, options.rounds, options.busy, options.threads, measuring
        )
        if measuring and "lamina" in children:
            profile = children["lamina"].ask(profile=True)["rows"]
    finally:
        for child in children.values():
            child.close()
        if measuring:
            measuring.close()
    versions: dict[str, str] = {}
    for child in children.values():
        versions |= child.hello["versions"]
    record = {
        **machine(options.threads),
        "isa": versions.pop("isa", None),
        "workload": workload.name,
        "batch": workload.batch,
        "steps": epochs * workload.steps_per_epoch,
        "busy_cpus": options.busy,
        "versions": versions,
        "median_us": figures.medians(),
        "rounds_us": figures.quiet,
        "busy_rounds_us": figures.busy,
        "notes": {name: child.hello["note"] for name, child in children.items()},
        **report(workload, figures, children, measuring and measuring.found(), profile),
    }
    if options.history:
        append_history("peers", record)
    yield record


def read_options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--workloads", nargs="+", choices=list(WORKLOADS), help="(default: all that have a target)"
    )
    parser.add_argument(
        "--peers",
        nargs="+",
        choices=sorted({*PEERS, *PREDICTORS}),
        help="(default: all; onnxruntime and openvino only predict)",
    )
    parser.add_argument("--steps", type=at_least_one, help="steps a round (default: by workload)")
    text = "measure predictions from trained weights instead of training"
    parser.add_argument("--inference", action="store_true", help=text)
    text = "a call, with --inference (default: 1 32 1024)"
    parser.add_argument("--rows", type=at_least_one, nargs="+", help=text)
    text = "measure a second time beside N processes that keep CPUs of the contestants busy"
    parser.add_argument("--busy", type=at_most_cpus, default=0, metavar="N", help=text)
    text = "also measure the limits of the CPUs, and show where the time of a training step goes"
    parser.add_argument("--limits", action="store_true", help=text)
    text = "append to FILE, and end with the table of all results in it, not of this run alone"
    parser.add_argument("--results", metavar="FILE", help=text)
    add_options(parser, rounds=7, threads=2)
    options = parser.parse_args(arguments)
    known = PREDICTORS if options.inference else PEERS
    options.peers = options.peers or list(known)
    strangers = sorted(set(options.peers) - set(known))
    if strangers:
        what = "predicts" if options.inference else "trains"
        parser.error(f"--peers: none of this name {what}: {', '.join(strangers)}")
    if options.rows is not None and not options.inference:
        parser.error("--rows is for --inference: a training step takes the rows of its workload")
    options.rows = options.rows or inference.ROWS
    options.workloads = list(dict.fromkeys(options.workloads or []))
    contest.check_results(parser, options.results)
    if not options.workloads:
        everything = WORKLOADS.values()
        options.workloads = [w.name for w in everything if w.inference or not options.inference]
    return options


def main(arguments: list[str] | None = None) -> None:
    options = read_options(arguments)
    where = machine(options.threads)
    print(f"{where['cpu']}, {where['threads']} threads, {where['revision']}, {where['date']}\n")
    records = []
    for name in options.workloads:
        for record in (inference.run if options.inference else run)(WORKLOADS[name], options):
            records.append(record)
            if options.results:
                contest.keep(options.results, record)
    if not records:
        peers, workloads = ", ".join(options.peers), ", ".join(options.workloads)
        raise SystemExit(f"peers: none of the chosen peers ({peers}) runs any of {workloads}")
    print(contest.summary(contest.kept(options.results) if options.results else records))


if __name__ == "__main__":
    sys.exit(main())
