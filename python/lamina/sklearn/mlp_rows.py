"""Rows of a multilayer perceptron as its network takes them, and what its outputs score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina._check import Array


@dataclass
class Rows:
    """Rows to train on, or to score.

    Attributes
    ----------
    x : ndarray or sparse matrix of shape (rows, columns)
    y : ndarray
        Labels as int32 from 0, or floats of shape (rows, outputs).
    weight : ndarray of shape (rows,) or None
        What each row counts in training.
    constant : ndarray of shape (rows,) or None
        What is added to the loss of each row.
    score_weight : ndarray of shape (rows,) or None
        What each row counts in a score.
    """

    x: Any
    y: Array
    weight: Array | None = None
    constant: Array | None = None
    score_weight: Array | None = None

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.y)

    @property
    def total(self) -> float:
        """The sum of the weights."""
        return float(len(self) if self.weight is None else self.weight.sum())

    @property
    def targets(self) -> dict[str, Array]:
        """What the network's step is given beside the inputs."""
        given = {"y": self.y, "weight": self.weight, "constant": self.constant}
        return {name: array for name, array in given.items() if array is not None}


def accuracy(outputs: Array, rows: Rows) -> float:
    """Return the share of rows all of whose labels are right; NaN for outputs that are NaN."""
    if not np.isfinite(outputs).all():
        return float("nan")
    if rows.y.ndim == 1:
        right = outputs.argmax(axis=1) == rows.y
    else:
        right = ((outputs > 0.5) == (rows.y > 0.5)).all(axis=1)
    return float(np.average(right, weights=rows.score_weight))


def determination(outputs: Array, rows: Rows) -> float:
    """Return R², the mean over several outputs; NaN for outputs that are not finite."""
    from lamina.sklearn._scikit import r2_score

    if not np.isfinite(outputs).all():
        return float("nan")
    return float(r2_score(rows.y, outputs, sample_weight=rows.score_weight))
