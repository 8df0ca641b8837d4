"""What calibration asks of a fitted model, whichever library made it."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina._check import Array

Rows = tuple[Array, Array]  # those trained on, those held out


@dataclass
class Refits:
    """Copies of a model fitted to other rows.

    Attributes
    ----------
    copies : list
        What predicts, one entry for each fit; small.
    held_out : list of ndarray of shape (rows held out, outputs), float64
        Predictions of the rows that a copy was not fitted to.
    """

    copies: list[Any]
    held_out: list[Array]


class Fitted(ABC):
    """A fitted model: regression, quantiles or classes.

    Attributes
    ----------
    who : str
        How messages call it.
    kind : {"values", "quantiles", "classes"}
    quantiles : tuple of float
        Of a model of quantiles, in the order of its last axis.
    """

    who: str
    kind: str
    quantiles: tuple[float, ...] = ()

    @abstractmethod
    def check_fit(self, fit: dict[str, Any]) -> None:
        """Refuse arguments that no fit of a copy takes."""

    @abstractmethod
    def raw(self, x: Any, **options: Any) -> Array:
        """Return the predictions as the model returns them, probabilities for classes."""

    @abstractmethod
    def targets(self, y: Any, row_shape: tuple[int, ...], rows: int) -> Array:
        """Return targets of shape (rows, outputs), or labels counted from 0 of shape (rows,)."""

    @abstractmethod
    def refits(
        self,
        x: Any,
        y: Array,
        folds: Sequence[Rows],
        fit: dict[str, Any],
        quantile: float | None = None,
    ) -> Refits:
        """Fit copies of the model, to predict a quantile where one is given."""

    @abstractmethod
    def predictions_of(self, copies: Sequence[Any], x: Any, **options: Any) -> Array:
        """Return what copies predict, of shape (copies, rows, outputs), float64."""

    @abstractmethod
    def mark(self, x: Any) -> Any:
        """Return what tells later whether the model has changed; rows of ``x`` may be kept."""

    @abstractmethod
    def changed_since(self, mark: Any) -> bool:
        """Return whether the model has changed."""

    def values(self, x: Any, **options: Any) -> Array:
        """Return predictions of shape (rows, outputs), with the quantiles last if there are any."""
        return self.flat(self.raw(x, **options))

    def flat(self, predicted: Array) -> Array:
        """Return predictions as the methods take them, in float64."""
        if self.kind != "quantiles":
            return by_output(predicted)
        return np.stack([by_output(q) for q in np.moveaxis(predicted, -1, 0)], axis=-1)

    def probabilities(self, x: Any, **options: Any) -> Array:
        """Return probabilities of shape (rows, classes), float64."""
        return self.raw(x, **options).astype(np.float64)


def by_output(predicted: Array) -> Array:
    """Return numbers of any shape with rows as (rows, outputs), float64; there may be no rows."""
    outputs = math.prod(predicted.shape[1:])
    return predicted.astype(np.float64).reshape(len(predicted), outputs)


def real_targets(who: str, y: Any, row_shape: tuple[int, ...], rows: int) -> Array:
    """Return targets of shape (rows, outputs) in float64, or say what does not fit.

    A last axis of size 1 may be missing or too many, as in ``fit``.
    """
    try:
        given = np.asarray(y, np.float64)
    except (TypeError, ValueError):
        raise TypeError(
            f"{who}: y must hold real numbers, the targets of a regression; got {y!r:.80}"
        ) from None
    if given.ndim == 0 or len(given) != rows:
        found = "is a number" if given.ndim == 0 else f"has {len(given)}"
        raise ValueError(f"{who}: x and y must have as many rows; x has {rows}, y {found}")
    fits = _squeezed(given.shape[1:]) == _squeezed(row_shape)
    if not fits:
        raise ValueError(
            f"{who}: y must have rows of the predictions' shape {row_shape}; got rows of shape "
            f"{given.shape[1:]}"
        )
    made = by_output(given)
    bad = np.flatnonzero(~np.isfinite(made).all(axis=1))
    if bad.size:
        raise ValueError(f"{who}: y must be finite; row {bad[0]} is not")
    return made


def _squeezed(shape: tuple[int, ...]) -> tuple[int, ...]:
    return shape[:-1] if shape and shape[-1] == 1 else shape


def checked_probabilities(who: str, probabilities: Array) -> Array:
    """Return probabilities, which must lie in [0, 1] and sum to 1 in each row."""
    total = probabilities.sum(axis=1)
    wrong = (probabilities < 0.0).any(axis=1) | ~(np.abs(total - 1.0) < 1e-3)
    if wrong.any():
        row = int(wrong.argmax())
        raise ValueError(
            f"{who}: sets need class probabilities, each row >= 0 with a sum of 1; row {row} has "
            f"the sum {total[row]:g} (a model of logits needs a loss with from_logits=True)"
        )
    return probabilities
