"""Exact confidence limits of a rate: Clopper and Pearson's."""

from __future__ import annotations

import math
from collections.abc import Callable

_TINY = 1e-300


def clopper_pearson(hits: int, rows: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the exact limits of a rate of which ``hits`` of ``rows`` are seen.

    Clopper and Pearson 1934: the rates at which so many, or so few, hits have a probability of
    ``(1 - confidence) / 2``; quantiles of beta distributions.

    Examples
    --------
    >>> [round(limit, 4) for limit in clopper_pearson(9, 10)]
    [0.555, 0.9975]
    """
    tail = (1.0 - confidence) / 2.0
    low = 0.0 if hits == 0 else _beta_quantile(tail, hits, rows - hits + 1)
    high = 1.0 if hits == rows else _beta_quantile(1.0 - tail, hits + 1, rows - hits)
    return low, high


def _beta_quantile(share: float, a: float, b: float) -> float:
    return _root(lambda p: incomplete_beta(a, b, p) - share)


def _root(rising: Callable[[float], float]) -> float:
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2.0
        low, high = (low, middle) if rising(middle) >= 0.0 else (middle, high)
    return (low + high) / 2.0


def incomplete_beta(a: float, b: float, x: float) -> float:
    """Return the regularised incomplete beta function, by its continued fraction.

    Abramowitz and Stegun 26.5.8, evaluated by Lentz's method.
    """
    if x <= 0.0 or x >= 1.0:
        return float(x >= 1.0)
    if x > (a + 1.0) / (a + b + 2.0):
        return 1.0 - incomplete_beta(b, a, 1.0 - x)
    scale = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    front = math.exp(scale + a * math.log(x) + b * math.log1p(-x)) / a
    d = 1.0 - (a + b) * x / (a + 1.0)
    c, d = 1.0, 1.0 / (d if abs(d) > _TINY else _TINY)
    value = d
    for m in range(1, 100_000):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1.0 + term * d
            c = 1.0 + term / c
            d = 1.0 / (d if abs(d) > _TINY else _TINY)
            c = c if abs(c) > _TINY else _TINY
            value *= c * d
        if abs(c * d - 1.0) < 1e-15:
            break
    return front * value
