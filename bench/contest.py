"""Contestants measured in turns, quiet and beside busy processes, and the results."""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from busy import Busy
from common import table
from limits import Limits

Rounds = dict[str, list[float]]


@dataclass
class Figures:
    """Microseconds of every round, by contestant."""

    quiet: Rounds
    busy: Rounds = field(default_factory=dict)  # beside busy processes, if requested

    def medians(self) -> dict[str, float]:
        return {name: statistics.median(values) for name, values in self.quiet.items()}

    def kept(self, name: str) -> float:
        """Return the share of the quiet throughput that is left beside busy processes."""
        return statistics.median(self.quiet[name]) / statistics.median(self.busy[name])


def measure(
    names: list[str],
    ask: Callable[[str], float],
    rounds: int,
    busy: int,
    threads: int,
    limits: Limits | None = None,
) -> Figures:
    """Run interleaved rounds; each starts one contestant further on than the last."""
    figures = Figures({name: [] for name in names})
    if busy:
        figures.busy = {name: [] for name in names}
    others = Busy(busy, threads)
    try:
        for turn in range(rounds):
            shift = turn % max(1, len(names))
            order = names[shift:] + names[:shift]
            if limits is not None:
                limits.measure()
            for name in order:
                figures.quiet[name].append(ask(name))
            for name in order if busy else ():
                with others:
                    figures.busy[name].append(ask(name))
    finally:
        others.close()
    return figures


def lead(rounds: Rounds, of: Callable[[list[float]], float]) -> tuple[str, float] | None:
    """Return the best peer and its time over lamina's; None without lamina or without a peer."""
    figures = {name: of(values) for name, values in rounds.items()}
    own = figures.pop("lamina", None)
    if own is None or not figures:
        return None
    best = min(figures, key=lambda name: figures[name])
    return best, figures[best] / own


def verdict(figures: Figures, goal: float | None, fastest: Iterable[str] = ()) -> dict[str, Any]:
    """Compare lamina with the best peer by medians and by the best rounds, and with the goal.

    A goal that is reached without a peer of `fastest`, the fastest ones known, is undecided:
    `met` is None then, and `absent` names them.
    """
    leading = lead(figures.quiet, statistics.median)
    if leading is None:
        return {}
    result: dict[str, Any] = {"best_peer": leading[0], "ratio": leading[1], "goal": goal}
    result["ratio_of_best"] = lead(figures.quiet, min)[1]  # type: ignore[index]
    if goal is not None:
        absent = [name for name in fastest if name not in figures.quiet]
        reached = leading[1] >= goal
        result["met"] = None if reached and absent else reached
        result["absent"] = absent
    if figures.busy:
        peer, ratio = lead(figures.busy, statistics.median)  # type: ignore[misc]
        result["busy"] = {"best_peer": peer, "ratio": ratio, "kept": figures.kept("lamina")}
    return result


def of_goal(found: dict[str, Any]) -> str:
    """Return in words whether a goal is met."""
    if found["goal"] is None:
        return ""
    if found["met"] is None:
        return f"undecided without {', '.join(found['absent'])}"
    return "met" if found["met"] else "MISSED"


def in_words(what: str, own_us: float, found: dict[str, Any]) -> str:
    """Return lamina's result in one line."""
    line = f"{what}: {own_us:.1f} us, {found['ratio']:.2f} times as fast as {found['best_peer']}"
    if found["goal"] is not None:
        line += f", goal {found['goal']:g}: {of_goal(found)}"
    if "busy" in found:
        busy = found["busy"]
        line += f"; beside busy processes it keeps {100 * busy['kept']:.0f} % of its throughput, "
        line += f"{busy['ratio']:.2f} times as fast as {busy['best_peer']}"
    return line


def busy_cells(figures: Figures, name: str) -> list[str]:
    """Return a table's cells for one contestant beside busy processes."""
    if not figures.busy:
        return []
    return [f"{statistics.median(figures.busy[name]):.1f}", f"{100 * figures.kept(name):.0f} %"]


BUSY_HEAD = ["busy us", "kept"]


def keep(path: str, record: dict[str, Any]) -> None:
    """Append a result to a file of them."""
    with Path(path).open("a") as file:
        file.write(json.dumps(record) + "\n")


def kept(path: str) -> list[dict[str, Any]]:
    """Return the results in a file, which is made if it does not exist.

    Raises
    ------
    OSError
        If the file cannot be read and written.
    ValueError
        If a line of it is not a result.
    """
    with Path(path).open("a+") as file:
        file.seek(0)
        records = [json.loads(line) for line in file]
    if not all(isinstance(record, dict) and "workload" in record for record in records):
        raise ValueError("a line without a workload")
    return records


def check_results(parser: argparse.ArgumentParser, path: str | None) -> None:
    """Refuse an option `--results` with a file to which results cannot be added."""
    if path is not None:
        try:
            kept(path)
        except (OSError, ValueError) as error:
            parser.error(f"--results: {path} holds no results to add to: {error}")


def summary(records: list[dict[str, Any]]) -> str:
    """Lay out the last result of each workload: ratios of the best peer's time to lamina's."""
    found = {(record["workload"], record["threads"]): record for record in records}
    limited = any("of_peak" in record for record in found.values())
    rows = []
    for (workload, threads), record in found.items():
        if "ratio" not in record:
            continue
        goal, busy = record["goal"], record.get("busy")
        rows.append(
            [
                workload,
                record["best_peer"],
                str(threads),
                f"{record['ratio']:.2f}",
                f"{record['ratio_of_best']:.2f}",
                "-" if goal is None else f"{goal:g}",
                f"{busy['ratio']:.2f}" if busy else "-",
                f"{100 * busy['kept']:.0f} %" if busy else "-",
                *(percent(record.get(key)) for key in ("of_peak", "goal_of_peak") if limited),
                of_goal(record),
            ]
        )
    more = ["of peak", "goal takes"] if limited else []
    head = ["workload", "best peer", "threads", "medians", "best rounds", "goal", "busy", "kept",
            *more, ""]  # fmt: skip
    return table(head, rows)


def percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.0f} %"
