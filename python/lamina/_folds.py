"""Rows for training and rows held out in a fold."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina import _screen

Array = NDArray[Any]


def in_both(trained: Array, held: Array) -> Array:
    """Return the rows that are both held out and used for training.

    Examples
    --------
    >>> in_both(np.array([0, 1, 2, 3]), np.array([3, 4]))
    array([3])
    """
    if not len(trained) or not len(held):
        return held[:0]
    found = np.zeros(max(trained.max(), held.max()) + 1, bool)
    found[trained] = True
    return np.asarray(held[found[held]])


def warn_of_overlap(who: str, name: str, trained: Array, held: Array) -> None:
    """Warn about a fold that holds out rows used for training, which scikit-learn allows."""
    both = in_both(trained, held)
    if len(both):
        _screen.warn(
            f"{who}: {name} should hold out rows that it does not train on; {len(both)} of "
            f"{len(held)} are also trained on, row {both[0]} being the first, so that its scores "
            f"say little about new rows"
        )
