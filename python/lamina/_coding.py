"""The meaning of a model's targets and predictions, by its loss: numbers, classes or labels."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina import losses
from lamina._arrays import as_numbers

Array = NDArray[Any]

# Losses for one class per row; for several labels, each 0 or 1; all others are for numbers.
_INTEGERS = (losses.SparseCategoricalCrossentropy,)
_ONE_HOT = (
    losses.CategoricalCrossentropy,
    losses.CategoricalFocalCrossentropy,
    losses.CategoricalGeneralizedCrossEntropy,
)
_LABELS = (losses.BinaryCrossentropy, losses.BinaryFocalCrossentropy)


def kind_of(loss: Any, outputs: int | None = None) -> str:
    """Return "classes", "labels" or "regression" for a loss, and for the outputs if known.

    A binary crossentropy is for two classes if there is one output, otherwise for labels.
    """
    if isinstance(loss, _INTEGERS + _ONE_HOT):
        return "classes"
    if isinstance(loss, _LABELS):
        return "labels" if outputs is not None and outputs > 1 else "classes"
    return "regression"


class Coding:
    """How a model's targets and predictions are interpreted.

    Parameters
    ----------
    who : str
        For messages.
    model : Model
        A compiled model with one output.

    Attributes
    ----------
    kind : {"regression", "classes", "labels"}
        Numbers; one class per row; several labels per row, each 0 or 1.
    outputs : int
        Columns of a prediction, at least two for classes.
    """

    def __init__(self, who: str, model: Any) -> None:
        self.who, self._loss = who, model.loss
        if isinstance(self._loss, list):
            raise ValueError(
                f"{who}: the model must have one output with a loss; it has "
                f"{len(self._loss)}: {', '.join(model.output_names)}"
            )
        self._shape = tuple(model.output_shape[1:])
        size = math.prod(self._shape)
        self.kind = kind_of(self._loss, size)
        self.outputs = max(size, 2) if self.kind == "classes" else size
        self._one_hot = isinstance(self._loss, _ONE_HOT)
        if self.kind == "classes" and len(self._shape) != 1:
            raise ValueError(
                f"{who}: there must be one class per row; the model predicts rows of shape "
                f"{self._shape}"
            )

    def targets(self, y: Any, rows: int) -> Array:
        """Return targets: numbers of shape (rows, outputs), or classes of shape (rows,).

        Raises
        ------
        ValueError
            If there is not one target for each number, or probability, that the model returns.
        """
        values = as_numbers(self.who, "y", y)
        if values.ndim == 0 or len(values) != rows:
            raise ValueError(
                f"{self.who}: y must have as many rows as x, {rows}; got shape {values.shape}"
            )
        values = values.reshape(rows, -1).astype(np.float64)
        if not np.isfinite(values).all():
            row = int(np.argwhere(~np.isfinite(values))[0, 0])
            raise ValueError(f"{self.who}: y must be finite; row {row} is not; omit such rows")
        wanted = math.prod(self._shape)
        if self.kind == "classes" and wanted > 1 and not self._one_hot:
            wanted = 1
        if values.shape[1] != wanted:
            raise ValueError(
                f"{self.who}: the model must predict one number for each target; y has "
                f"{values.shape[1]} per row, the model returns rows of shape {self._shape}"
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
        """Return the network's predictions: numbers, or probabilities that add up to 1."""
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
