"""Derivatives by finite differences, as accurate as the values allow."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from lamina._check import Array

SHRINK = 2.0
LEVELS = 12


def jacobian_by_differences(
    function: Callable[[Array], Array], at: Array, digits: float = 2.2e-16
) -> Array:
    """Return d function / d at, an array of shape (values, at.size).

    Central differences over decreasing steps are extrapolated to zero by Neville's scheme; for each
    element the estimate is kept that differs least from its two neighbours in the scheme (C. J. F.
    Ridders, Advances in Engineering Software 4 (1982) 75-76).

    Parameters
    ----------
    function : callable
        A function of an array of shape (n,) that returns one of shape (m,).
    at : ndarray of shape (n,), float64
    digits : float
        The relative error of the function's values.
    """
    columns = []
    for place in range(at.size):
        # From a step that is a considerable part of the weight's scale to one of a thousandth.
        first = 0.1 * max(1.0, abs(float(at[place])))
        columns.append(_column(function, at, place, first, digits))
    return np.stack(columns, axis=1)


def _column(
    function: Callable[[Array], Array], at: Array, place: int, first: float, digits: float
) -> Array:
    def difference(step: float) -> tuple[Array, float]:
        high, low = at.copy(), at.copy()
        high[place] += step
        low[place] -= step
        up, down = function(high), function(low)
        size = float(max(np.abs(up).max(initial=0.0), np.abs(down).max(initial=0.0)))
        return (up - down) / (high[place] - low[place]), size

    step = first
    row = [difference(step)[0]]
    best, error = row[0], np.full(row[0].shape, np.inf)
    for _ in range(1, LEVELS):
        step /= SHRINK
        here, size = difference(step)
        last, row = row, [here]
        factor = 1.0
        for before in last:
            factor *= SHRINK**2
            row.append(row[-1] + (row[-1] - before) / (factor - 1.0))
            wrong = np.maximum(np.abs(row[-1] - row[-2]), np.abs(row[-1] - before))
            better = wrong <= error
            best, error = np.where(better, row[-1], best), np.where(better, wrong, error)
        rounding = digits * size / step
        if (error <= np.maximum(rounding, 1e-11 * np.abs(best).max(initial=0.0))).all():
            break
    return best
