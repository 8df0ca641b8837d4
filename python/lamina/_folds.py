"""Rows that a fold trains on, and rows that it holds out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina import _screen

Array = NDArray[Any]


def in_both(trained: Array, held: Array) -> Array:
    """Return the rows held out that are trained on too.

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
    """Warn of a fold that holds out rows which it trains on, as scikit-learn lets it."""
    both = in_both(trained, held)
    if len(both):
        _screen.warn(
            f"{who}: {name} should hold out rows that it does not train on; {len(both)} of "
            f"{len(held)} are trained on too, row {both[0]} the first, so that its scores say "
            f"little of new rows"
        )
