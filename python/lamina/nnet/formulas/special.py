"""The gamma function and the normal distribution in formulas, under R's names."""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def _special() -> Any:
    from scipy import special  # type: ignore[import-not-found, import-untyped, unused-ignore]

    return special


def gamma(x: Any) -> Any:
    """Return the gamma function."""
    return _special().gamma(np.asarray(x, np.float64))


def lgamma(x: Any) -> Any:
    """Return the logarithm of the absolute value of the gamma function."""
    return _special().gammaln(np.asarray(x, np.float64))


def digamma(x: Any) -> Any:
    """Return the derivative of ``lgamma``."""
    return _special().digamma(np.asarray(x, np.float64))


def factorial(x: Any) -> Any:
    """Return ``gamma(x + 1)``."""
    return gamma(np.asarray(x, np.float64) + 1.0)


def choose(n: Any, k: Any) -> Any:
    """Return binomial coefficients."""
    return _special().binom(np.asarray(n, np.float64), np.asarray(k, np.float64))


def dnorm(x: Any, mean: Any = 0.0, sd: Any = 1.0) -> Any:
    """Return the density of the normal distribution."""
    z = (np.asarray(x, np.float64) - mean) / sd
    return np.exp(-0.5 * z * z) / (math.sqrt(2.0 * math.pi) * sd)


def pnorm(q: Any, mean: Any = 0.0, sd: Any = 1.0) -> Any:
    """Return the probability of values up to ``q`` in the normal distribution."""
    return _special().ndtr((np.asarray(q, np.float64) - mean) / sd)


def qnorm(p: Any, mean: Any = 0.0, sd: Any = 1.0) -> Any:
    """Return the quantiles of the normal distribution."""
    return mean + sd * _special().ndtri(np.asarray(p, np.float64))


FUNCTIONS = (gamma, lgamma, digamma, factorial, choose, dnorm, pnorm, qnorm)
