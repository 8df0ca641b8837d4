"""R's nnet and lamina.nnet on Boston, from the same random starts: errors and time per fit.

13-5-1 with linear output, at most 1000 iterations, least squares without decay: a split of 404 and
102 rows, columns standardised by the training rows.  A round is one start, R's after
``set.seed(round)``, fitted by R and by lamina in turn, each in one thread; then lamina searches
from all of them in one call (``n_starts``) on all threads.  R is Debian's r-base-core with
r-cran-nnet and r-cran-mass.  CPU time is that of all threads; it is the one to read if other
programs use the CPUs too.

    python bench/nnet_beside_r.py
    python bench/nnet_beside_r.py --rounds 20 --threads 1
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

import lamina
from common import add_options, append_history, machine, table
from lamina.nnet import RSeed

PROGRAM = r"""
suppressMessages({library(nnet); library(MASS)})
set.seed(123)
rows <- sort(sample(1:506, 404, replace = FALSE))
centre <- apply(Boston[rows, 1:13], 2, mean); spread <- apply(Boston[rows, 1:13], 2, sd)
x <- scale(Boston[, 1:13], centre, spread); y <- Boston[, 14]
folder <- commandArgs(TRUE)[1]
numbers <- apply(cbind(seq_len(506) %in% rows, x, y), 1, function(r) paste(sprintf("%.17g", r),
                                                                         collapse = " "))
writeLines(numbers, file.path(folder, "boston.txt"))
cat(as.character(packageVersion("nnet")), as.character(getRversion()), "\n")
asked <- file("stdin", "r")
while (length(seed <- readLines(asked, 1)) > 0) {
  set.seed(as.integer(seed))
  begin <- Sys.time(); used <- proc.time()
  fit <- nnet(x[rows, ], y[rows], size = 5, linout = TRUE, maxit = 1000, trace = FALSE)
  seconds <- as.numeric(Sys.time() - begin, units = "secs")
  used <- sum((proc.time() - used)[1:2])
  off <- predict(fit, x[-rows, ]) - y[-rows]
  cat(sprintf("%.17g", c(fit$value, mean(off^2), mean(abs(off)), seconds, used)), "\n")
}
"""
SETTINGS: dict[str, Any] = {"size": 5, "linout": True, "maxit": 1000, "trace": False}
MEASURES = ("training SSE", "test MSE", "test MAE")
SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)
TARGET = 10.0  # times R's speed


class R:
    """An R process that fits one start for each line."""

    def __init__(self, folder: str) -> None:
        script = Path(folder, "nnet.R")
        script.write_text(PROGRAM)
        self._process = subprocess.Popen(
            ["Rscript", "--vanilla", str(script), folder],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.versions = self._line().split()
        data = np.loadtxt(Path(folder, "boston.txt"))
        train = data[:, 0] == 1
        self.train = np.ascontiguousarray(data[train, 1:14]), data[train, 14]
        self.test = np.ascontiguousarray(data[~train, 1:14]), data[~train, 14]

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def fit(self, seed: int) -> list[float]:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{seed}\n")
        self._process.stdin.flush()
        return [float(text) for text in self._line().split()]

    def close(self) -> None:
        self._process.communicate()


def ours(r: R, seed: int) -> list[float]:
    """Fit one start as R does."""
    begin, used = time.perf_counter(), time.process_time()
    fit = lamina.nnet(*r.train, **SETTINGS, random_state=RSeed(seed))
    seconds, used = time.perf_counter() - begin, time.process_time() - used
    x, y = r.test
    off = fit.predict(x)[:, 0] - y
    return [fit.value, float(np.mean(off**2)), float(np.mean(np.abs(off))), seconds, used]


def run(rounds: int, threads: int) -> dict[str, Any]:
    """Measure; print the tables."""
    with tempfile.TemporaryDirectory() as folder:
        r = R(folder)
        both: dict[str, list[list[float]]] = {"R": [], "lamina": []}
        ours(r, 0)  # for imports on first use
        lamina.set_num_threads(1)
        for seed in range(1, rounds + 1):
            turns = [("R", r.fit), ("lamina", lambda s: ours(r, s))]
            for name, fit in turns if seed % 2 else turns[::-1]:
                both[name].append(fit(seed))
        lamina.set_num_threads(threads)
        starts = np.stack([RSeed(s).uniform(-0.7, 0.7, 76) for s in range(1, rounds + 1)])
        begin, used = time.perf_counter(), time.process_time()
        many = lamina.nnet(*r.train, **SETTINGS, Wts=starts)
        together = np.array([time.perf_counter() - begin, time.process_time() - used]) / rounds
        r.close()
    found = {name: np.array(each) for name, each in both.items()}
    assert many.starts["value"].tolist() == found["lamina"][:, 0].tolist(), "the bits differ"
    print(f"nnet {r.versions[0]} of R {r.versions[1]}; {rounds} starts")
    show_errors(found)
    return show_times(found, together, threads)


def show_errors(found: dict[str, np.ndarray]) -> None:
    rows = []
    for place, measure in enumerate(MEASURES):
        for name, numbers in found.items():
            quantiles = np.quantile(numbers[:, place], SHARES)
            rows.append([measure, name, *(f"{q:.2f}" for q in quantiles), ""])
    print(table(["", "", *(f"{100 * s:.0f} %" for s in SHARES), ""], rows))
    for place, measure in enumerate(MEASURES):
        theirs, own = found["R"][:, place], found["lamina"][:, place]
        apart = max(abs((theirs <= v).mean() - (own <= v).mean()) for v in [*theirs, *own])
        limit = 1.358 * (2 / len(own)) ** 0.5
        verdict = "no difference" if apart <= limit else "they differ"
        print(f"{measure}: Kolmogorov-Smirnov distance {apart:.3f}, 5 % at {limit:.3f}: {verdict}")


def show_times(found: dict[str, np.ndarray], together: np.ndarray, threads: int) -> dict[str, Any]:
    """Print wall and CPU times per fit, without the first fit of each, which makes things once."""
    means = {name: numbers[1:, 3:].mean(axis=0) for name, numbers in found.items()}
    means[f"lamina, all starts in one call, {threads} threads"] = together
    ratios = {name: means["R"] / mean for name, mean in means.items()}
    rows = [
        [name, "", f"{1000 * wall:.2f}", f"{ratios[name][0]:.1f}", f"{1000 * used:.2f}",
         f"{ratios[name][1]:.1f}", ""] for name, (wall, used) in means.items()
    ]  # fmt: skip
    print(table(["", "", "ms a fit", "R is times", "CPU ms", "R is times", ""], rows))
    best = max(ratio[0] for name, ratio in ratios.items() if name != "R")
    verdict = "met" if best >= TARGET else "missed"
    print(f"at least {TARGET:g} times R's speed, all starts in one call: {verdict}")
    return {
        "ms": {name: (1000 * mean).tolist() for name, mean in means.items()},
        "errors": {name: numbers[:, :3].tolist() for name, numbers in found.items()},
        "seconds": {name: numbers[:, 3:].tolist() for name, numbers in found.items()},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_options(parser, rounds=100, threads=lamina.get_num_threads())
    options = parser.parse_args()
    if shutil.which("Rscript") is None:
        sys.exit("Rscript is not installed: install r-base-core, r-cran-nnet and r-cran-mass")
    results = run(options.rounds, options.threads)
    if options.history:
        append_history("nnet_beside_r", {**machine(options.threads), "results": results})


if __name__ == "__main__":
    main()
