"""Classes as losses take them: numbers, one-hot rows, or the columns of an indicator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Shape = tuple[int, ...]


def units_of(shape: Shape) -> int:
    """Return the number of units at the end of an output with rows of the given shape."""
    return shape[-1] if shape else 1


def by_label(who: str, indicator: Array, shapes: Sequence[Shape]) -> list[Array]:
    """Return the columns of an indicator, (rows, labels), for each output."""
    units = [units_of(shape) for shape in shapes]
    if sum(units) != indicator.shape[1]:
        raise ValueError(
            f"{who}: the model must have a unit for each of {indicator.shape[1]} labels; it has "
            f"{sum(units)}"
        )
    return np.split(indicator, np.cumsum(units)[:-1], axis=1)


def encoded(who: str, codes: Array, classes: Array, shape: Shape, loss: str) -> Array:
    """Return the classes of an output in the form that its loss takes: numbers, or one-hot rows.

    Parameters
    ----------
    who : str
        The estimator, for messages.
    codes : ndarray of int of shape (rows,)
        The positions of the rows' classes.
    classes : ndarray of shape (classes,)
    shape : tuple of int
        The shape of a row of the output.
    loss : str
        The name of the loss; losses whose names begin with "sparse_" take numbers.
    """
    units, count = units_of(shape), len(classes)
    if units == 1 and count <= 2:
        return codes
    if units != count:
        fits = "1 or 2 units" if count == 2 else f"{count} units"
        raise ValueError(
            f"{who}: a model for {count} classes must end in {fits}; it ends in {units}"
        )
    return codes if loss.startswith("sparse_") else np.eye(count, dtype=np.float32)[codes]
