"""Rows of a multilayer perceptron as its network takes them, and what its outputs score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lamina._check import Array
from lamina.many import OutputScore


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


def accuracy(rows: Rows, outputs: int, dtype: str) -> OutputScore:
    """Return what scores outputs of some rows by the share of them all of whose labels are right.

    Outputs of ``dtype``, of shape (rows, outputs); NaN for outputs that are not finite.
    """
    if rows.y.ndim == 1:
        return OutputScore.accuracy(rows.y, outputs, dtype, rows.score_weight)
    return OutputScore.accuracy_of_labels(rows.y > 0.5, dtype, rows.score_weight)


def determination(rows: Rows, dtype: str) -> OutputScore:
    """Return what scores outputs by R², the mean over several; NaN if they are not finite."""
    return OutputScore.determination(rows.y, dtype, rows.score_weight)
