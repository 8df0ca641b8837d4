"""Tables: a matrix of predictors, an outcome, and their names; the package's CSV files."""

from __future__ import annotations

import csv
import io
import json
import lzma
from dataclasses import dataclass
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina import _check

Array = NDArray[Any]
Split = tuple[tuple[Array, Array], tuple[Array, Array]]


@dataclass(frozen=True, repr=False)
class Table:
    """A data set for regression.

    Attributes
    ----------
    x : ndarray of shape (rows, columns), float64
        Predictors.
    y : ndarray of shape (rows,), float64
        Outcome.
    feature_names : tuple of str
        Name of each column of `x`.
    target_name : str
        Name of `y`.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    feature_names: tuple[str, ...]
    target_name: str

    def __repr__(self) -> str:
        """Return the names and the number of rows.

        Examples
        --------
        >>> from lamina.datasets import boston
        >>> boston.load()
        <Table of 506 rows: medv by crim, zn, indus, chas, nox, rm, age, dis, rad, tax, ...>
        """
        few = ", ".join(self.feature_names[:10])
        more = ", ..." if len(self.feature_names) > 10 else ""
        return f"<Table of {len(self.y)} rows: {self.target_name} by {few}{more}>"


def package_bytes(name: str) -> bytes:
    """Return the contents of a file of the package's ``datasets/data`` folder."""
    return (resources.files("lamina.datasets") / "data" / name).read_bytes()


def read_csv(name: str) -> dict[str, list[str]]:
    """Return the columns of an xz-compressed CSV file of the package, as strings, by name."""
    text = lzma.decompress(package_bytes(name)).decode("ascii")
    header, *rows = csv.reader(io.StringIO(text))
    return {column: [row[i] for row in rows] for i, column in enumerate(header)}


def numbers(column: list[str]) -> NDArray[np.float64]:
    """Return a column as float64; an empty field is NaN."""
    return np.array([float(field) if field else np.nan for field in column])


def split_rows(name: str, part: str, rows: int) -> NDArray[np.int64]:
    """Return the 0-based rows of a part of a published split, whose files count from 1."""
    listed = np.array(json.loads(package_bytes(name))[part], dtype=np.int64) - 1
    assert listed.min() >= 0
    assert listed.max() < rows
    return listed


def split(x: Array, y: Array, train: Array, test: Array) -> Split:
    """Return ((x_train, y_train), (x_test, y_test))."""
    return (x[train], y[train]), (x[test], y[test])


def drawn(who: str, x: Array, y: Array, test_split: object, seed: object) -> Split:
    """Return rows in the order that Keras draws with a seed; the last ones are for tests."""
    share = _check.number(who, "test_split", test_split, 0.0, 1.0)
    order = np.arange(len(y))
    np.random.RandomState(_check.integer(who, "seed", seed, 0)).shuffle(order)
    cut = int(len(order) * (1 - share))
    return split(x, y, order[:cut], order[cut:])
