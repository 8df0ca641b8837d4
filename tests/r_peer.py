"""Answers of R: an R program over columns of data, run by Rscript when it is asked live.

``ask(program, data)`` returns what the program told by ``say(name, value)``: numbers as float64
arrays (of a matrix (rows, columns)), strings as lists.  Answers are kept in golden files
(``golden.ask``).
"""

from __future__ import annotations

import csv
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import golden

# A value is printed on one line: its name, its kind, its dimensions, its elements.
PRELUDE = r"""
options(warn = 1, digits = 7, width = 80)
suppressMessages({library(nnet); library(MASS); library(splines)})
say <- function(name, value) {
  size <- if (is.null(dim(value))) length(value) else dim(value)
  numbers <- is.numeric(value) || is.logical(value)
  told <- if (numbers) sprintf("%.17g", as.double(value)) else enc(as.character(value))
  cat("@", name, if (numbers) "numbers" else "strings", paste(size, collapse = " "), told,
      sep = "\t", file = stdout())
  cat("\n")
}
enc <- function(text) gsub("\n", "\\\\n", gsub("\\", "\\\\", text, fixed = TRUE))
printed <- function(value, ...) paste(capture.output(print(value, ...)), collapse = "\n")
"""


def ask(program: str, data: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the answers of an R program; ``data`` is its data frame ``d``, strings as factors."""
    columns = {name: _column(values) for name, values in (data or {}).items()}
    inputs = [program, *(part for pair in columns.items() for part in pair)]
    said = golden.ask(lambda: _run(program, columns), *inputs)
    return dict(said)


def _column(values: Any) -> Any:
    array = np.asarray(values)
    if array.dtype.kind in "iuf" and not np.isnan(array).any():
        return array.astype(np.float64)
    return array.tolist()  # missing values are distinguished by their places


def _run(program: str, columns: Mapping[str, Any]) -> list[Any]:
    if shutil.which("Rscript") is None:
        pytest.skip("Rscript is not installed")
    with tempfile.TemporaryDirectory() as folder:
        table, script = Path(folder, "d.csv"), Path(folder, "program.R")
        with table.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(columns)
            rows = zip(*(map(_cell, values) for values in columns.values()), strict=True)
            writer.writerows(rows)
        read = f"d <- read.csv({str(table)!r}, stringsAsFactors = TRUE, check.names = FALSE)\n"
        versions = 'say("R", as.character(getRversion()))\n'
        versions += 'say("nnet", as.character(packageVersion("nnet")))\n'
        script.write_text(PRELUDE + versions + (read if columns else "") + program)
        done = subprocess.run(
            ["Rscript", "--vanilla", str(script)], capture_output=True, text=True, check=False,
            env={"LC_ALL": "C", "PATH": "/usr/bin:/bin:/usr/local/bin"},
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = [_read(line) for line in done.stdout.splitlines() if line.startswith("@\t")]
    for _ in range(2):
        name, version = said.pop(0)
        golden.OTHERS["R" if name == "R" else f"R's {name}"] = version[0]
    return said


def _cell(value: Any) -> Any:
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return "NA"
    if isinstance(value, (bool, np.bool_)):
        return "TRUE" if value else "FALSE"
    return repr(float(value)) if isinstance(value, float) else value


def _read(line: str) -> list[Any]:
    _, name, kind, size, *told = line.split("\t")
    if kind == "strings":
        return [name, [_decoded(text) for text in told]]
    shape = [int(n) for n in size.split()]
    numbers = [{"NA": "nan"}.get(text, text) for text in told]
    flat = np.array(numbers if shape != [0] else [], np.float64)
    return [name, flat.reshape(shape, order="F")]


def _decoded(text: str) -> str:
    return text.replace("\\\\", "\0").replace("\\n", "\n").replace("\0", "\\")
