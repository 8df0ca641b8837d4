"""Sizes from small to large: where time grows faster than work, and where a peer is faster.

Each line is one size with a number of threads: the time of a step, or of the whole first `fit`.  A
size is marked if lamina's time grew by more than 1.5 times as much as the work since the size
before, if a peer takes less than lamina's time by more than 10 %, or if two threads take more than
5 % longer than one.  Before a size is marked, it is measured twice more, so a mark is based on
three times the rounds.  `line ns` is the time that a cache line takes to another thread and back:
on a virtual machine CPUs may be moved apart at any time, and threads then gain less.

    python bench/sweeps.py
    python bench/sweeps.py --sweeps batch width --peers lamina jax --quick
"""

from __future__ import annotations

import argparse
import statistics
import sys
from typing import Any

from common import Child, add_options, append_history, machine
from workloads.peer import PEERS
from workloads.sweep_series import SWEEPS, Sweep
from workloads.workload import Workload

DEFAULT_PEERS = ["lamina", "tensorflow", "torch", "jax", "jax-loop"]
GROWTH, PASSES, SLOWER = 1.5, 1.1, 1.05
SECONDS, QUICK_SECONDS = 0.1, 0.03  # of a round

WIDTHS = (12, 6, 8, 10, 12, 8, 8, 12, 9, 1)  # of columns: rows are shown as they are measured

Contestant = tuple[str, int]  # a peer and its threads
Figures = dict[Contestant, list[float]]  # microseconds, by round
Times = dict[Contestant, float]  # their medians


def start_children(peers: list[str], threads: list[int]) -> dict[Contestant, Child]:
    children = {}
    for count in threads:
        for peer in peers:
            child = Child("workloads.sweep_peer", {"peer": peer}, count)
            if "error" in child.hello:
                print(f"{peer} left out: {child.hello['error']}")
                child.close()
            else:
                children[peer, count] = child
    return children


def medians(figures: Figures) -> Times:
    return {who: statistics.median(values) for who, values in figures.items()}


def measure_steps(
    workload: Workload, children: dict[Contestant, Child], rounds: int, seconds: float
) -> Figures:
    """Measure a step of one network in interleaved rounds."""
    built = [
        who
        for who, child in children.items()
        if "error" not in child.ask(build=workload.description(), seconds=seconds)
    ]
    figures: Figures = {who: [] for who in built}
    for turn in range(rounds):
        shift = turn % max(1, len(built))
        for who in built[shift:] + built[:shift]:
            figures[who].append(children[who].ask(go=True)["us"])
    return figures


def round_trip(children: dict[Contestant, Child]) -> dict[int, float]:
    """Measure the round trip between lamina's threads, by their number."""
    return {
        threads: child.ask(round_trip=True)["ns"]
        for (peer, threads), child in children.items()
        if peer == "lamina" and threads > 1
    }


def measure_first_fits(
    workload: Workload, peers: list[str], threads: list[int], rounds: int
) -> Figures:
    """Measure first fits, each in its own process."""
    figures: Figures = {}
    for _ in range(rounds):
        for (peer, count), child in start_children(peers, threads).items():
            answer = child.ask(first_fit=workload.description())
            child.close()
            if "error" not in answer:
                figures.setdefault((peer, count), []).append(answer["us"])
    return figures


def measure(
    sweep: Sweep,
    workload: Workload,
    children: dict[Contestant, Child],
    options: argparse.Namespace,
) -> Figures:
    """Measure one size of a sweep."""
    if sweep.first_fit:
        return measure_first_fits(workload, options.peers, options.threads, options.rounds)
    seconds = QUICK_SECONDS if options.quick else SECONDS
    return measure_steps(workload, children, options.rounds, seconds)


def findings(times: Times, before: Times, growth_of_work: float) -> dict[int, list[str]]:
    """Return the marks, by threads; `before` has the times of the size before, if any."""
    found: dict[int, list[str]] = {}
    for (name, threads), us in times.items():
        if name != "lamina":
            continue
        marks = found.setdefault(threads, [])
        earlier = before.get((name, threads))
        if earlier is not None and us / earlier > GROWTH * growth_of_work:
            marks.append(f"time grew {us / earlier:.2f}x, work {growth_of_work:.2f}x")
        for (peer, count), theirs in times.items():
            if peer != "lamina" and count == threads and us / theirs > PASSES:
                marks.append(f"{peer} passes: {us / theirs:.2f}x")
        single = times.get((name, 1))
        if threads == 2 and single is not None and us / single > SLOWER:
            marks.append(f"two threads take {us / single:.2f}x as long as one")
    return found


def rows_of(
    sweep: Sweep,
    value: int,
    workload: Workload,
    times: Times,
    found: dict[int, list[str]],
    trips: dict[int, float],
) -> list[list[str]]:
    """Lay out one size: a row for each number of threads."""
    rows = []
    for threads, marks in found.items():
        own = times["lamina", threads]
        peers = {who[0]: us for who, us in times.items() if who[1] == threads}
        del peers["lamina"]
        best = min(peers, key=lambda name: peers[name]) if peers else None
        rows.append(
            [
                sweep.name,
                str(value),
                str(threads),
                f"{workload.mflop:.4g}",
                f"{own:.1f}",
                f"{1e3 * workload.mflop / own:.1f}",
                f"{trips[threads]:.0f}" if threads in trips else "-",
                best or "-",
                f"{peers[best] / own:.2f}" if best else "-",
                "; ".join(marks),
            ]
        )
    return rows


def show(cells: list[str]) -> None:
    """Print a row, with the first column aligned left and figures aligned right."""
    name, *figures, marks = cells
    shown = [cell.rjust(width) for cell, width in zip(figures, WIDTHS[1:-1], strict=True)]
    print("  ".join([name.ljust(WIDTHS[0]), *shown, marks]).rstrip(), flush=True)


def shortened(values: tuple[int, ...]) -> tuple[int, ...]:
    """Leave out every other value, except the last."""
    return tuple(sorted({*values[::2], values[-1]}))


def run(sweep: Sweep, children: dict[Contestant, Child], options: argparse.Namespace) -> int:
    """Measure one sweep and print its rows; return the number of marks."""
    values = shortened(sweep.values) if options.quick else sweep.values
    before: Times = {}
    work_before = 1.0
    count, record = 0, {}
    print(f"{sweep.name}: {sweep.what}")
    show(["sweep", "size", "threads", "MFLOP", "lamina us", "GFLOP/s", "line ns", "best peer",
          "x lamina", "marks"])  # fmt: skip
    for value in values:
        workload = sweep.workload(value)
        figures = measure(sweep, workload, children, options)
        found = findings(medians(figures), before, workload.mflop / work_before)
        if any(found.values()):  # because of the size, or of the machine at that moment
            for _ in range(2):
                for who, more in measure(sweep, workload, children, options).items():
                    figures.setdefault(who, []).extend(more)
            found = findings(medians(figures), before, workload.mflop / work_before)
        times = medians(figures)
        for row in rows_of(sweep, value, workload, times, found, round_trip(children)):
            show(row)
        count += sum(map(len, found.values()))
        record[value] = {f"{name}, {threads}": us for (name, threads), us in times.items()}
        before, work_before = times, workload.mflop
    print()
    if options.history:
        append_history("sweeps", {**machine(max(options.threads)), "sweep": sweep.name,
                                  "median_us": record})  # fmt: skip
    return count


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n")[0])
    names = list(SWEEPS)
    parser.add_argument("--sweeps", nargs="+", choices=names, default=names, help="(default: all)")
    text = f"(default: {' '.join(DEFAULT_PEERS)})"
    parser.add_argument("--peers", nargs="+", choices=list(PEERS), default=DEFAULT_PEERS, help=text)
    text = "a short look: every other size, short rounds"
    parser.add_argument("--quick", action="store_true", help=text)
    add_options(parser, rounds=3, threads=[1, 2])
    options = parser.parse_args(arguments)
    if "lamina" not in options.peers:
        parser.error(f"--peers must include lamina, got {' '.join(options.peers)}")
    where: dict[str, Any] = machine(max(options.threads))
    print(f"{where['cpu']}, {where['revision']}, {where['date']}\n")
    sweeps = [SWEEPS[name] for name in options.sweeps]
    steps = [sweep for sweep in sweeps if not sweep.first_fit]
    children = start_children(options.peers, options.threads) if steps else {}
    try:
        count = sum(run(sweep, children, options) for sweep in sweeps)
    finally:
        for child in children.values():
            child.close()
    print(f"{count} marks")


if __name__ == "__main__":
    sys.exit(main())
