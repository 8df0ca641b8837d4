"""The normal and Student's t distributions: tail probabilities and quantiles."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

_NORMAL = NormalDist()
_SMALL = 1e-300
_MOST_TERMS = 10_000


def two_sided_p(statistic: Array, df: float | None = None) -> Array:
    """Return P(|T| > |statistic|): T normal, or Student's with ``df`` degrees of freedom."""
    values = np.abs(np.asarray(statistic, np.float64))
    found = [_tails(float(v), df) if math.isfinite(v) else _at_end(float(v)) for v in values.flat]
    return np.array(found).reshape(values.shape)


def quantile(probability: float, df: float | None = None) -> float:
    """Return the quantile of the normal distribution, or of Student's t."""
    start = _NORMAL.inv_cdf(probability)
    if df is None or start == 0.0:
        return start
    wanted = 2.0 * min(probability, 1.0 - probability)  # of both tails
    low, high = 0.0, max(1.0, 2.0 * abs(start))
    while _tails(high, df) > wanted:
        low, high = high, 2.0 * high
    for _ in range(200):
        middle = (low + high) / 2.0
        if middle in (low, high):
            break
        low, high = (middle, high) if _tails(middle, df) > wanted else (low, middle)
    return math.copysign((low + high) / 2.0, start)


def _at_end(value: float) -> float:
    return 0.0 if math.isinf(value) else math.nan


def _tails(value: float, df: float | None) -> float:
    if df is None:
        return math.erfc(value / math.sqrt(2.0))
    return incomplete_beta(df / 2.0, 0.5, df / (df + value * value))


def incomplete_beta(a: float, b: float, x: float) -> float:
    """Return the regularised incomplete beta function I_x(a, b).

    Uses its continued fraction with Lentz's method: Press et al., *Numerical Recipes*, 2007, 6.4.
    """
    if x <= 0.0 or x >= 1.0:
        return float(x >= 1.0)
    if x > (a + 1.0) / (a + b + 2.0):
        return 1.0 - incomplete_beta(b, a, 1.0 - x)
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    log_front += a * math.log(x) + b * math.log1p(-x)
    return math.exp(log_front) * _fraction(a, b, x) / a


def _fraction(a: float, b: float, x: float) -> float:
    c, d = 1.0, 1.0 / _away_from_0(1.0 - (a + b) * x / (a + 1.0))
    value = d
    for m in range(1, _MOST_TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0))
        for term in (even, odd):
            d = 1.0 / _away_from_0(1.0 + term * d)
            c = _away_from_0(1.0 + term / c)
            value *= c * d
        if abs(c * d - 1.0) < 1e-16:
            break
    return value


def _away_from_0(value: float) -> float:
    return value if abs(value) > _SMALL else _SMALL
