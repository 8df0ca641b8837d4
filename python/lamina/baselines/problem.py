"""The prediction problem: the rows as matrices, and whether targets are numbers or classes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina import _check
from lamina._arrays import as_numbers, is_array

Array = NDArray[Any]

_ADVICE = (
    "tables.TableModel takes such columns; or ",
    "layers.StringLookup or layers.TextVectorization at the head of a model takes strings; ",
)


@dataclass
class Problem:
    """The training rows.

    Attributes
    ----------
    kind : {"regression", "classes", "labels"}
        Numbers; one class per row; several labels per row, each 0 or 1.
    x : ndarray of shape (rows, columns), float64
    y : ndarray of shape (rows, outputs), or for classes integers of shape (rows,)
    weights : ndarray of shape (rows,)
        The weights, with mean 1.
    outputs : int
        The columns of a prediction, at least two for classes.
    """

    kind: str
    x: Array
    y: Array
    weights: Array
    outputs: int

    def of_output(self, place: int) -> Problem:
        """Return the problem of a single output, if each has its own coefficients."""
        return Problem(self.kind, self.x, self.y[:, place : place + 1], self.weights, 1)

    def at(self, rows: Array) -> Problem:
        """Return some of the rows, with unchanged weights."""
        return Problem(self.kind, self.x[rows], self.y[rows], self.weights[rows], self.outputs)


def matrix(who: str, x: Any) -> Array:
    """Return inputs as one float64 matrix: rows are flattened, several inputs are joined.

    Missing values are kept; infinite values are refused.
    """
    parts = {"x": x}
    if isinstance(x, Mapping) and not hasattr(x, "columns"):
        parts = {f"x[{name!r}]": part for name, part in x.items()}
    elif isinstance(x, (list, tuple)) and x and is_array(x[0]) and np.ndim(x[0]) > 0:
        parts = {f"x[{place}]": part for place, part in enumerate(x)}
    arrays = [_numbers(who, name, part) for name, part in parts.items()]
    if any(array.ndim == 0 for array in arrays):
        raise ValueError(f"{who}: x must have an axis of rows; got {x!r:.80}")
    if not arrays or not all(map(len, arrays)):
        raise ValueError(f"{who}: x must have at least one row; got none")
    flat = [array.reshape(len(array), -1).astype(np.float64) for array in arrays]
    if len({len(array) for array in flat}) > 1:
        raise ValueError(
            f"{who}: all inputs must have the same number of rows; got {[len(a) for a in flat]}"
        )
    joined = np.hstack(flat)
    if np.isinf(joined).any():
        row, column = np.argwhere(np.isinf(joined))[0]
        raise ValueError(f"{who}: x must be finite or missing; got infinity in {row}, {column}")
    return joined


def _numbers(who: str, name: str, part: Any) -> Array:
    try:
        return as_numbers(who, name, part)
    except TypeError as error:
        text = str(error)
        for advice in _ADVICE:  # a model that takes texts and categories is of no use here
            text = text.replace(advice, "baselines take numbers alone: ")
        raise TypeError(text) from None


def weights_of(who: str, sample_weight: Any, rows: int) -> Array:
    """Return the weights of rows, >= 0; None means 1 for all."""
    if sample_weight is None:
        return np.ones(rows)
    weights = _check.numeric(who, "sample_weight", sample_weight).astype(np.float64)
    if weights.shape != (rows,) or not (np.isfinite(weights).all() and (weights >= 0).all()):
        raise ValueError(
            f"{who}: sample_weight must be {rows} finite numbers >= 0, one per row; got shape "
            f"{weights.shape}"
        )
    refuse_zeros(who, weights)
    return weights


def refuse_zeros(who: str, weights: Array) -> None:
    """Refuse weights of training rows that are all 0."""
    if weights.size and not weights.any():
        raise ValueError(f"{who}: sample_weight must not be 0 in all training rows")
