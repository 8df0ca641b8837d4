"""The limits of the contestants' CPUs, and how near to them lamina comes.

`cpp/limits.cpp` measures the peak rate of multiplications and additions and of reading memory, in
every round, because the clock of a CPU and the load of its host change.
"""

from __future__ import annotations

import argparse
import subprocess
from typing import Any

from common import pin, table
from compiled import compiled

LEAST = 0.02  # share of a step's time from which an operation has its own line


class Limits:
    """The program, which runs on the contestants' CPUs and sleeps between measurements."""

    def __init__(self, threads: int) -> None:
        program = compiled("limits", ["-pthread"], [])
        self.process = subprocess.Popen(
            [str(program), str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        pin(threads, self.process.pid)  # threads start later, and inherit it
        self.gflops: list[float] = []
        self.gbytes: list[float] = []

    @classmethod
    def asked(cls, options: argparse.Namespace) -> Limits | None:
        """Start the program if the command line asks for it."""
        if not options.limits:
            return None
        try:
            return cls(options.threads)
        except ImportError as error:
            raise SystemExit(f"limits: {error}") from None

    def measure(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:  # it takes 256 MB for each thread
            raise SystemExit(f"limits: the program ended with status {self.process.wait()}")
        gflops, gbytes = map(float, line.split())
        self.gflops.append(gflops)
        self.gbytes.append(gbytes)

    def found(self) -> dict[str, float]:
        """Return the best of all rounds: other processes can only make them slower."""
        return {"peak_gflops": max(self.gflops), "read_gbytes": max(self.gbytes)}

    def close(self) -> None:
        self.process.communicate()


def shares(mflop: float, own_us: float, best_peer_us: float, goal: float | None,
           found: dict[str, float]) -> dict[str, float]:  # fmt: skip
    """Return the shares of lamina's time and of the goal's that products would take at the peak.

    Whatever else a step or a prediction does comes on top.
    """
    at_peak = 1e3 * mflop / found["peak_gflops"]  # us
    result = {**found, "of_peak": at_peak / own_us}
    if goal is not None:
        result["goal_of_peak"] = at_peak * goal / best_peer_us
    return result


def in_words(found: dict[str, float]) -> str:
    """Return the limits, and the shares of them if they are known."""
    line = f"The CPUs reach {found['peak_gflops']:.0f} GFLOP/s and read {found['read_gbytes']:.0f}"
    line += " GB/s"
    if "of_peak" in found:
        line += f"; at that peak, products take {100 * found['of_peak']:.0f} % of lamina's time"
    if "goal_of_peak" in found:
        line += f", and {100 * found['goal_of_peak']:.0f} % of the time at which the goal is met"
    return line


def profile(rows: list[dict[str, Any]], found: dict[str, float]) -> str:
    """Lay out where the time of a step goes; short operations are one line."""
    total = sum(row["us"] for row in rows)
    lines, rest = [], 0.0
    for row in rows:
        if row["us"] < LEAST * total:
            rest += row["us"]
            continue
        gflops, gbytes = 1e3 * row["mflop"] / row["us"], 1e3 * row["mb"] / row["us"]
        lines.append(
            [row["operation"], row["pass"], f"{row['us']:.1f}", f"{100 * row['us'] / total:.0f} %",
             f"{gflops:.1f}", f"{100 * gflops / found['peak_gflops']:.0f} %",
             f"{gbytes:.1f}", f"{100 * gbytes / found['read_gbytes']:.0f} %", ""]
        )  # fmt: skip
    if rest:
        lines.append(["others", "", f"{rest:.1f}", f"{100 * rest / total:.0f} %", *["-"] * 4, ""])
    head = ["operation", "pass", "us", "time", "GFLOP/s", "of peak", "GB/s", "of reading", ""]
    return table(head, lines)
