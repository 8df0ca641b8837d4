"""Small helpers of Keras's ``utils``: label coding and the seed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lamina import _check
from lamina.random import set_random_seed

__all__ = ["set_random_seed", "to_categorical"]


def to_categorical(
    x: ArrayLike, num_classes: int | None = None, dtype: str = "float32"
) -> NDArray[Any]:
    """Return integer labels as one-hot rows: element (i, x[i]) is 1, the others 0.

    Parameters
    ----------
    x : array_like of int, shape (n,), (n, 1) or any
        Labels from 0 to ``num_classes - 1``.  A last axis of one is dropped, as in Keras.
    num_classes : int, optional
        Number of columns; the largest label + 1 if not given.
    dtype : {"float32", "float64"}

    Returns
    -------
    ndarray of shape (..., num_classes)

    Raises
    ------
    ValueError
        A label outside the range (the message names its row) or not a whole number.

    Examples
    --------
    >>> to_categorical([0, 2, 1])
    array([[1., 0., 0.],
           [0., 0., 1.],
           [0., 1., 0.]], dtype=float32)
    """
    who = "to_categorical"
    labels = _check.numeric(who, "x", x)
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    if labels.dtype.kind == "f":
        wrong = np.flatnonzero(~(np.isfinite(labels) & (labels == np.floor(labels))))
        if wrong.size:
            value = labels.flat[wrong[0]]
            raise ValueError(f"{who}: labels must be whole numbers; got {value} at {wrong[0]}")
    if num_classes is None:
        if labels.size == 0:
            raise ValueError(f"{who}: no labels given; num_classes is needed")
        classes = max(int(labels.max()), 0) + 1
    else:
        classes = _check.integer(who, "num_classes", num_classes)
    outside = np.flatnonzero((labels < 0) | (labels >= classes))
    if outside.size:
        value = labels.flat[outside[0]]
        raise ValueError(
            f"{who}: labels must be in [0, {classes}); got {value} at row {outside[0]}"
        )
    _check.elements(who, "result shape", (labels.size, classes))
    hot = np.zeros((labels.size, classes), dtype=_check.dtype(who, dtype))
    hot[np.arange(labels.size), labels.ravel().astype(np.int64)] = 1
    return hot.reshape((*labels.shape, classes))
