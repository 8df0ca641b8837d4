"""Rows in the form that the network of a multilayer perceptron takes, and scores of its outputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lamina._check import Array
from lamina.many.stated import OutputScore


@dataclass
class Rows:
    """Rows for training or scoring.

    Attributes
    ----------
    x : ndarray or sparse matrix of shape (rows, columns)
    y : ndarray
        Labels as int32, counted from 0, or floats of shape (rows, outputs).
    weight : ndarray of shape (rows,) or None
        The weight of each row in training.
    constant : ndarray of shape (rows,) or None
        The term added to the loss of each row.
    score_weight : ndarray of shape (rows,) or None
        The weight of each row in a score.
    """

    x: Any
    y: Array
    weight: Array | None = None
    constant: Array | None = None
    score_weight: Array | None = None

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.y)

    @property
    def total(self) -> float:
        """The sum of the weights."""
        return float(len(self) if self.weight is None else self.weight.sum())

    @property
    def targets(self) -> dict[str, Array]:
        """The arguments of the network's step besides the inputs."""
        given = {"y": self.y, "weight": self.weight, "constant": self.constant}
        return {name: array for name, array in given.items() if array is not None}


def accuracy(rows: Rows, outputs: int, dtype: str) -> OutputScore:
    """Return a function that scores outputs by the share of rows whose labels are all right.

    It takes outputs of ``dtype``, of shape (rows, outputs), and returns NaN if they are not finite.
    """
    if rows.y.ndim == 1:
        return OutputScore.accuracy(rows.y, outputs, dtype, rows.score_weight)
    return OutputScore.accuracy_of_labels(rows.y > 0.5, dtype, rows.score_weight)


def determination(rows: Rows, dtype: str) -> OutputScore:
    """Return a function that scores outputs by their mean R²; NaN if they are not finite."""
    return OutputScore.determination(rows.y, dtype, rows.score_weight)
