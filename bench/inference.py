"""Predictions of lamina and its peers with the same weights, for one row up to a thousand."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from typing import Any

import numpy as np

import contest
import limits
from common import Child, append_history, machine, table
from workloads import Workload

ROWS = (1, 32, 1024)
FASTEST = ("onnxruntime", "openvino")  # sometimes one, sometimes the other


def start_children(
    workload: Workload, peers: list[str], threads: int, folder: str
) -> dict[str, Child]:
    """Start one process per contestant; report which are left out, and why."""
    children = {}
    for peer in peers:
        arguments = {"peer": peer, "workload": workload.description(), "folder": folder}
        child = Child("workloads.predictor", arguments, threads)
        if "error" in child.hello:
            print(f"{workload.name}: {peer} left out: {child.hello['error']}")
            child.close()
        else:
            children[peer] = child
    return children


def compare_outputs(what: str, children: dict[str, Child], rows: int) -> None:
    """Stop if predictions differ by more than 1e-4 of the largest output, as they are float32."""
    outputs = {
        name: np.asarray(child.ask(rows=rows, outputs=True)["outputs"])
        for name, child in children.items()
    }
    first, expected = next(iter(outputs.items()))
    for name, values in outputs.items():
        apart = float(np.abs(values - expected).max()) if values.shape == expected.shape else np.inf
        if not apart <= 1e-4 * max(1.0, float(np.abs(expected).max())):
            raise SystemExit(f"peers: {what}: {name} and {first} differ by {apart:.2g}")


def report(
    what: str,
    goal: float | None,
    figures: contest.Figures,
    children: dict[str, Child],
    mflop: float,
    measured: dict[str, float] | None,
) -> dict[str, Any]:
    medians = figures.medians()
    own = medians.get("lamina")
    rows = []
    for name in sorted(medians, key=lambda name: medians[name]):
        rows.append(
            [
                what,
                name,
                f"{medians[name]:.1f}",
                f"{min(figures.quiet[name]):.1f}",
                f"{medians[name] / own:.2f}" if own else "-",
                *contest.busy_cells(figures, name),
                children[name].hello["version"],
            ]
        )
    more = contest.BUSY_HEAD if figures.busy else []
    print(table(["predictions", "peer", "median us", "min us", "x lamina", *more, "what"], rows))
    found = contest.verdict(figures, goal, FASTEST)
    if found and own is not None:
        print(contest.in_words(what, own, found))
        if measured:
            found |= limits.shares(mflop, own, medians[found["best_peer"]], goal, measured)
    if measured:
        print(limits.in_words(measured | found))
    print()
    return found


def measure_rows(
    workload: Workload,
    rows: int,
    children: dict[str, Child],
    options: argparse.Namespace,
    measuring: limits.Limits | None,
) -> dict[str, Any]:
    """Measure calls with a given number of rows."""
    what = f"{workload.name}, {rows} row{'s' * (rows > 1)}"
    compare_outputs(what, children, rows)

    def ask(name: str) -> float:
        return float(children[name].ask(rows=rows)["us"])

    figures = contest.measure(
        list(children), ask, options.rounds, options.busy, options.threads, measuring
    )
    found = report(
        what, workload.inference.get(rows), figures, children, rows * workload.mflop_forward,
        measuring and measuring.found(),
    )  # fmt: skip
    record = {
        **machine(options.threads),
        "workload": what,
        "busy_cpus": options.busy,
        "versions": {name: child.hello["version"] for name, child in children.items()},
        "median_us": figures.medians(),
        "best_us": {name: min(values) for name, values in figures.quiet.items()},
        **found,
    }
    if options.history:
        append_history("inference", record)
    return record


def run(workload: Workload, options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Train briefly, write the model for all contestants, and measure."""
    with tempfile.TemporaryDirectory() as folder:
        arguments = {"workload": workload.description(), "folder": folder}
        writer = Child("workloads.predicted_files", arguments, options.threads)
        writer.close()
        if "error" in writer.hello:
            raise SystemExit(f"peers: {workload.name}: {writer.hello['error']}")
        measuring = limits.Limits.asked(options)
        children = start_children(workload, options.peers, options.threads, folder)
        try:
            for rows in options.rows if children else ():
                yield measure_rows(workload, rows, children, options, measuring)
        finally:
            if measuring:
                measuring.close()
            for child in children.values():
                child.close()
