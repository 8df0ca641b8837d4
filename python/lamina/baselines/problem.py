"""What is to be predicted: the rows as matrices, and whether they are numbers or classes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina import _check
from lamina._arrays import as_numbers, is_array

Array = NDArray[Any]

# Losses of one class a row; of several labels, each there or not; the others are of numbers.
_INTEGERS = ("SparseCategoricalCrossentropy",)
_ONE_HOT = (
    "CategoricalCrossentropy", "CategoricalFocalCrossentropy", "CategoricalGeneralizedCrossEntropy",
)  # fmt: skip
_LABELS = ("BinaryCrossentropy", "BinaryFocalCrossentropy")


@dataclass
class Problem:
    """Rows to learn from.

    Attributes
    ----------
    kind : {"regression", "classes", "labels"}
        Numbers; one class a row; several labels a row, each 0 or 1.
    x : ndarray of shape (rows, columns), float64
    y : ndarray of shape (rows, outputs), or for classes integers of shape (rows,)
    weights : ndarray of shape (rows,)
        With mean 1.
    outputs : int
        Columns of a prediction, two at least for classes.
    """

    kind: str
    x: Array
    y: Array
    weights: Array
    outputs: int

    def of_output(self, place: int) -> Problem:
        """Return the problem of one output alone, where each has its own coefficients."""
        return Problem(self.kind, self.x, self.y[:, place : place + 1], self.weights, 1)

    def at(self, rows: Array) -> Problem:
        """Return some of the rows, their weights as they are."""
        return Problem(self.kind, self.x[rows], self.y[rows], self.weights[rows], self.outputs)


class Coding:
    """How a model's targets and predictions are read.

    Parameters
    ----------
    who : str
        For messages.
    model : Model
        Compiled, with one output.
    """

    def __init__(self, who: str, model: Any) -> None:
        self.who, self._loss = who, model.loss
        if isinstance(self._loss, list):
            raise ValueError(
                f"{who}: the model must have one output with a loss; it has "
                f"{len(self._loss)}: {', '.join(model.output_names)}"
            )
        name = type(self._loss).__name__
        self._one_hot = name in _ONE_HOT
        self._shape = tuple(model.output_shape[1:])
        size = math.prod(self._shape)
        self.kind, self.outputs = "regression", size
        if name in _INTEGERS + _ONE_HOT:
            self.kind = "classes"
            if len(self._shape) != 1:
                raise ValueError(
                    f"{who}: classes must be one a row; the model predicts rows of shape "
                    f"{self._shape}"
                )
        elif name in _LABELS:
            self.kind, self.outputs = ("labels", size) if size > 1 else ("classes", 2)

    def targets(self, y: Any, rows: int) -> Array:
        """Return targets as ``Problem`` has them.

        Raises
        ------
        ValueError
            Where there is not one target for each number, or probability, that the model returns.
        """
        values = as_numbers(self.who, "y", y)
        if values.ndim == 0 or len(values) != rows:
            raise ValueError(
                f"{self.who}: y must have as many rows as x, {rows}; got shape {values.shape}"
            )
        values = values.reshape(rows, -1).astype(np.float64)
        if not np.isfinite(values).all():
            row = int(np.argwhere(~np.isfinite(values))[0, 0])
            raise ValueError(f"{self.who}: y must be finite; row {row} is not; leave such rows out")
        wanted = math.prod(self._shape)
        if self.kind == "classes" and wanted > 1 and not self._one_hot:
            wanted = 1
        if values.shape[1] != wanted:
            raise ValueError(
                f"{self.who}: the model must predict one number for each target; y has "
                f"{values.shape[1]} a row, the model returns rows of shape {self._shape}"
            )
        if self.kind == "regression":
            return values
        if self.kind == "labels":
            return np.asarray(values > 0.5, dtype=np.float64)
        return self._index(values)

    def _index(self, values: Array) -> Array:
        if self._one_hot:
            return np.asarray(values.argmax(axis=1))
        index = values[:, 0].astype(np.int64)
        if len(index) and not 0 <= index.min() <= index.max() < self.outputs:
            raise ValueError(
                f"{self.who}: y must be classes in [0, {self.outputs}); got {index.min()} to "
                f"{index.max()}"
            )
        return index

    def predictions(self, predicted: Any) -> Array:
        """Return what the network predicts: numbers, or probabilities that add up to 1."""
        flat = np.asarray(predicted, dtype=np.float64).reshape(len(predicted), -1)
        if self.kind == "regression":
            return flat
        logits = bool(getattr(self._loss, "from_logits", False))
        if self.kind == "classes" and flat.shape[1] > 1:
            return linked("softmax", flat) if logits else flat / flat.sum(axis=1, keepdims=True)
        flat = linked("sigmoid", flat) if logits else flat
        return flat if self.kind == "labels" else np.hstack([1.0 - flat, flat])


def linked(link: str, z: Array) -> Array:
    """Return predictions of shape (rows, outputs) from the linear predictor."""
    if link == "identity":
        return z
    if link == "sigmoid":
        return np.asarray(0.5 * (1.0 + np.tanh(0.5 * z)))
    if z.shape[1] == 1:  # two classes, by the odds of the second
        second = linked("sigmoid", z)
        return np.hstack([1.0 - second, second])
    shifted = np.exp(z - z.max(axis=1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True))


def matrix(who: str, x: Any) -> Array:
    """Return inputs as one float64 matrix: rows are flattened, several inputs stand side by side.

    Missing values stay; infinite ones are refused.
    """
    parts = list(x.values()) if isinstance(x, Mapping) and not hasattr(x, "columns") else [x]
    if isinstance(x, (list, tuple)) and x and is_array(x[0]) and np.ndim(x[0]) > 0:
        parts = list(x)
    arrays = [as_numbers(who, "x", part) for part in parts]
    flat = [array.reshape(len(array), -1).astype(np.float64) for array in arrays]
    if len({len(array) for array in flat}) > 1:
        raise ValueError(f"{who}: all inputs must have as many rows; got {[len(a) for a in flat]}")
    joined = np.hstack(flat)
    if np.isinf(joined).any():
        row, column = np.argwhere(np.isinf(joined))[0]
        raise ValueError(f"{who}: x must be finite or missing; got infinity in {row}, {column}")
    return joined


def weights_of(who: str, sample_weight: Any, rows: int) -> Array:
    """Return weights of rows, >= 0; None is all 1."""
    if sample_weight is None:
        return np.ones(rows)
    weights = _check.numeric(who, "sample_weight", sample_weight).astype(np.float64)
    if weights.shape != (rows,) or not (np.isfinite(weights).all() and (weights >= 0).all()):
        raise ValueError(
            f"{who}: sample_weight must be {rows} finite numbers >= 0, one a row; got shape "
            f"{weights.shape}"
        )
    return weights
