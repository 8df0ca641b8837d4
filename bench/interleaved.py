"""Code shared by conv_peers.py and recurrence_peers.py: rounds over libraries and problems.

Each library runs in its own process; a round goes through the problems, and each problem through
the libraries, starting one further on each round, so that a drift of the machine affects all
equally.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from common import HERE, Child, add_options, append_history, geometric_mean, machine, table

PASSES = ("forward", "backward")
# Results are allocated in memory that the process already has: the first access to a page costs
# more than the computation, and in training neither library pays it at every step.
HEAP = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(2**31 - 1)}
TOLERANCE = 2e-3  # of the largest element: float32 sums of up to 200,000 terms in other orders


@dataclass
class Figures:
    """Seconds by library and pass, a list for each problem, and each library's choice for it."""

    seconds: dict[str, dict[str, list[list[float]]]]
    notes: dict[str, list[str]] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)

    def medians(self, library: str, phase: str) -> list[float]:
        return [statistics.median(values) for values in self.seconds[library][phase]]


def read_shapes(file: str, *before: str) -> list[list[str]]:
    """Return the words of each line of a shape file, after the words `before`."""
    lines = (HERE / "shapes" / file).read_text().splitlines()
    return [[*before, *line.split()] for line in lines if line.strip() and line[0] != "#"]


def start(module: str, libraries: Iterable[str], threads: int) -> dict[str, Child]:
    children = {}
    for name in libraries:
        child = Child(module, {"peer": name}, threads, more=HEAP)
        if "error" in child.hello:
            print(f"{name} left out: {child.hello['error']}")
            child.close()
        else:
            children[name] = child
    return children


def check_same(problem: Sequence[str], answers: dict[str, dict[str, Any]]) -> None:
    """Stop unless all libraries computed the same results."""
    first, *others = answers
    for name in others:
        pairs = zip(answers[first]["samples"], answers[name]["samples"], strict=True)
        for place, (one, two) in enumerate(pairs):
            apart = [abs(a - b) / one[0] for a, b in zip(one, two, strict=True)]
            if not all(value < TOLERANCE for value in apart):  # NaN counts as a difference
                raise SystemExit(
                    f"{' '.join(problem)}: result {place} of {first} and {name} differs by "
                    f"{max(apart):.2g} of the largest element"
                )


def measure(
    module: str, libraries: Iterable[str], problems: list[list[str]], threads: int, rounds: int
) -> Figures:
    """Run the rounds."""
    children = start(module, libraries, threads)
    names = list(children)
    figures = Figures({name: {p: [[] for _ in problems] for p in PASSES} for name in names})
    try:
        for turn in range(rounds):
            shift = turn % max(1, len(names))
            for index, problem in enumerate(problems):
                answers = {}
                for name in names[shift:] + names[:shift]:
                    answers[name] = children[name].ask(problem=problem)
                    if "error" in answers[name]:
                        raise SystemExit(f"{name}: {answers[name]['error']}")
                    for phase in PASSES:
                        figures.seconds[name][phase][index].append(answers[name][phase])
                check_same(problem, answers)
                for name in names:
                    figures.notes.setdefault(name, [""] * len(problems))
                    figures.notes[name][index] = answers[name]["note"]
    finally:
        for child in children.values():
            child.close()
    figures.versions = {name: child.hello["version"] for name, child in children.items()}
    return figures


def report(problems: list[list[str]], figures: Figures, threads: int) -> dict[str, list[float]]:
    """Print milliseconds and ratios; return the ratios by pass and of both passes together."""
    names = list(figures.seconds)
    medians = {name: {p: figures.medians(name, p) for p in PASSES} for name in names}
    peers = [name for name in names if name != "lamina"]
    ratios: dict[str, list[float]] = {}
    rows = []
    for index, problem in enumerate(problems):
        row = [problem[0], "x".join(problem[1:])]
        both = dict.fromkeys(names, 0.0)
        for phase in PASSES:
            seconds = {name: medians[name][phase][index] for name in names}
            for name in names:
                both[name] += seconds[name]
                row.append(f"{1e3 * seconds[name]:.3f}")
            row.append(ratio(seconds, peers, ratios.setdefault(phase, [])))
        row.append(ratio(both, peers, ratios.setdefault("both", [])))
        chosen = (figures.notes[name][index] for name in names)
        rows.append([*row, ", ".join(note for note in chosen if note)])
    head = ["layer", "shape"]
    for phase in PASSES:
        head += [f"{name} {phase} ms" for name in names] + ["ratio"]
    print(f"float32, {threads} thread{'s' if threads > 1 else ''}; ratio above 1: lamina is faster")
    print(table([*head, "both", "chosen"], rows))
    for phase, values in ratios.items():
        if values:
            print(f"{phase}: geometric mean {geometric_mean(values):.2f}, worst {min(values):.2f}")
    print()
    return ratios


def ratio(seconds: dict[str, float], peers: list[str], collected: list[float]) -> str:
    """Return the best peer's time over lamina's, and record it."""
    if not peers or "lamina" not in seconds:
        return "-"
    collected.append(min(seconds[name] for name in peers) / seconds["lamina"])
    return f"{collected[-1]:.2f}"


def run(
    title: str,
    module: str,
    libraries: Iterable[str],
    problems: list[list[str]],
    history: str,
    arguments: list[str] | None,
) -> None:
    """Read the options, measure with each number of threads, report, append to the history."""
    parser = argparse.ArgumentParser(description=title)
    parser.add_argument("--only", default="", help="problems whose line holds this text")
    add_options(parser, rounds=5, threads=[1, 2])
    options = parser.parse_args(arguments)
    problems = [problem for problem in problems if options.only in " ".join(problem)]
    if not problems:
        parser.error(f"--only: no line holds {options.only!r}")
    for threads in options.threads:
        figures = measure(module, libraries, problems, threads, options.rounds)
        if not figures.seconds:
            continue
        print(", ".join(f"{name} {version}" for name, version in figures.versions.items()))
        ratios = report(problems, figures, threads)
        if options.history:
            record = {
                "versions": figures.versions,
                "shapes": [" ".join(problem) for problem in problems],
                "seconds": figures.seconds,
                "notes": figures.notes,
                "ratios": ratios,
            }
            append_history(history, {**machine(threads), **record})
