"""multinom beside R's: coefficients and standard errors on data sets of R and of its package MASS.

Rscript and the packages nnet and MASS are needed.  Both fit with R's defaults, which end a search
early, and with reltol=1e-15 and maxit=1000.  Errors are relative to R's number; the seconds are
medians over the fits of a data set, by one program after the other.

    python bench/multinom_beside_r.py
"""

from __future__ import annotations

import argparse
import csv
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np

import lamina
from common import add_options, append_history, machine
from lamina.nnet import multinom

# name: R code that makes the data frame d, the formula, further arguments
SETS = {
    "housing": ("d <- housing", "Sat ~ Infl + Type + Cont", {"weights": "Freq"}),
    "birthwt": ("d <- within(birthwt, {race <- factor(race); rm(bwt)})",
                "low ~ age + lwt + race + smoke + ptl + ht + ui + ftv", {}),
    "iris": ("d <- iris", "Species ~ Sepal.Length + Sepal.Width", {"decay": 0.001}),
    "fgl": ("d <- fgl", "type ~ RI + Al + scale(Ca)", {"decay": 0.01}),
    "snails": ("d <- snails", "cbind(Deaths, N - Deaths) ~ Species + Temp + Rel.Hum", {}),
    "quine": ("d <- quine", "Age ~ Eth * Sex + log(Days + 1)", {}),
}  # fmt: skip
SETTINGS = {"R's defaults": {}, "to the end": {"reltol": 1e-15, "maxit": 1000}}
PROGRAM = """
suppressMessages({{library(nnet); library(MASS)}}); options(digits = 17)
{data}
write.csv(d, "d.csv", row.names = FALSE)
seconds <- c()
for (i in 1:{rounds})
  seconds[i] <- system.time(fit <- multinom({formula}, d, trace = FALSE{more}))[["elapsed"]]
s <- summary(fit)
writeLines(sprintf("%.17g", c(median(seconds), t(s$coefficients), t(s$standard.errors))), "said")
for (n in names(d)) if (is.factor(d[[n]])) writeLines(c(n, levels(d[[n]])), paste0("levels.", n))
"""


def asked_of_r(
    data: str, formula: str, given: dict, rounds: int, folder: Path
) -> tuple[np.ndarray, dict]:
    """Return R's results for a fit, and the columns of its data."""
    more = "".join(f", {name} = {value}" for name, value in given.items())
    program = folder / "program.R"
    program.write_text(PROGRAM.format(data=data, formula=formula, more=more, rounds=rounds))
    subprocess.run(["Rscript", "--vanilla", program.name], cwd=folder, check=True)
    with (folder / "d.csv").open() as file:
        header, *rows = csv.reader(file)
    columns = {}
    for name, values in zip(header, zip(*rows, strict=True), strict=True):
        listed = folder / f"levels.{name}"
        if listed.exists():
            import pandas as pd

            columns[name] = pd.Categorical(values, listed.read_text().splitlines()[1:])
        else:
            columns[name] = np.array(values, np.float64)
    return np.array((folder / "said").read_text().split(), np.float64), columns


def compare(name: str, setting: str, rounds: int) -> dict[str, float]:
    """Fit a data set in both programs; return the largest errors and the seconds."""
    data, formula, more = SETS[name]
    given = {**more, **SETTINGS[setting]}
    with tempfile.TemporaryDirectory() as folder:
        (theirs, *said), columns = asked_of_r(data, formula, given, rounds, Path(folder))
    seconds = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(rounds):
            begin = time.perf_counter()
            fit = multinom(formula, columns, trace=False, **given)
            seconds.append(time.perf_counter() - begin)
    coefficients, errors = np.split(np.array(said), 2)
    off = np.abs(fit.coef().ravel() / coefficients - 1)
    off_errors = np.abs(fit.standard_errors.ravel() / errors - 1)
    return {
        "coefficients": off.max(),
        "errors": off_errors.max(),
        "R_s": theirs,
        "s": statistics.median(seconds),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_options(parser, rounds=5)
    options = parser.parse_args()
    if shutil.which("Rscript") is None:
        sys.exit("Rscript is not installed: nothing to compare with")
    print("largest relative error of      coefficients  standard errors    R, s  lamina, s")
    found = {}
    for setting in SETTINGS:
        for name in SETS:
            each = found[f"{name}, {setting}"] = compare(name, setting, options.rounds)
            print(
                f"{name:10s} {setting:18s} {each['coefficients']:13.1e} {each['errors']:16.1e} "
                f"{each['R_s']:7.3f} {each['s']:10.3f}", flush=True,
            )  # fmt: skip
    if options.history:
        line = machine(lamina.get_num_threads())
        append_history("multinom_beside_r", {**line, "results": found})


if __name__ == "__main__":
    main()
