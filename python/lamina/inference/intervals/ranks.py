"""The order statistics of conformal inference, at the exact ranks."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from lamina import _check, _screen
from lamina._check import Array


def checked_level(who: str, name: str, level: object) -> float:
    """Return the share of rows that intervals should cover, a number in (0, 1)."""
    return _check.number(who, name, level, 0.0, 1.0, low_open=True, high_open=True)


def rank(count: int, level: float) -> int:
    """Return ``ceil(level (count + 1))``, using the decimal number that `level` prints as.

    The 0.9 quantile of 9 scores is the ninth.  In floating point a product such as 0.07 * 100
    exceeds the integer, and the rank would be one too high.

    Examples
    --------
    >>> rank(9, 0.9), rank(99, 0.07)
    (9, 7)
    """
    share = Fraction(repr(float(level)))
    return -(-share.numerator * (count + 1) // share.denominator)


def upper(values: Array, level: float) -> Array:
    """Return the value of that rank along the first axis; infinity if there are too few.

    Parameters
    ----------
    values : ndarray of shape (count, ...)
    level : float

    Returns
    -------
    ndarray of shape (...)
        The ``ceil(level (count + 1))``-th smallest.

    Examples
    --------
    >>> upper(np.array([3.0, 1.0, 2.0]), 0.5), upper(np.array([3.0, 1.0, 2.0]), 0.8)
    (array(2.), array(inf))
    """
    place = rank(len(values), level)
    if place > len(values):
        return np.full(values.shape[1:], np.inf)
    return np.asarray(np.partition(values, place - 1, axis=0)[place - 1])


def lower(values: Array, level: float) -> Array:
    """Return the value of that rank counted from above: ``-upper(-values, level)``.

    It is the ``floor((1 - level) (count + 1))``-th smallest, or minus infinity.
    """
    return -upper(-values, level)


def tails(level: float) -> tuple[float, float]:
    """Return the two quantiles between which a central interval of the level lies.

    Examples
    --------
    >>> tails(0.9)
    (0.05, 0.95)
    """
    outside = (1 - Fraction(repr(float(level)))) / 2
    return float(outside), float(1 - outside)


def least_rows(level: float) -> int:
    """Return how many scores a finite quantile needs: the smallest n with ``rank(n) <= n``."""
    share = Fraction(repr(float(level)))
    missing = 1 - share
    return -(-share.numerator * missing.denominator // (share.denominator * missing.numerator))


def warn_of_few(who: str, count: int, level: float) -> None:
    """Warn that intervals of this level are infinite, with so few scores."""
    if rank(count, level) > count:
        _screen.warn(
            f"{who}: {count} rows are too few for intervals of level {level:g}, which need "
            f"{least_rows(level)}; the intervals are infinite"
        )
