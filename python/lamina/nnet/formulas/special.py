"""The gamma function and the normal distribution in formulas, under R's names."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lamina.nnet.formulas.vectors import numbers


def _special() -> Any:
    from scipy import special  # type: ignore[import-not-found, import-untyped, unused-ignore]

    return special


def gamma(x: Any) -> Any:
    """Return the gamma function."""
    return _special().gamma(numbers(x))


def lgamma(x: Any) -> Any:
    """Return the logarithm of the absolute value of the gamma function."""
    return _special().gammaln(numbers(x))


def digamma(x: Any) -> Any:
    """Return the derivative of ``lgamma``."""
    return _special().digamma(numbers(x))


def factorial(x: Any) -> Any:
    """Return ``gamma(x + 1)``."""
    return gamma(numbers(x) + 1.0)


def choose(n: Any, k: Any) -> Any:
    """Return binomial coefficients."""
    return _special().binom(numbers(n), numbers(k))


def dnorm(x: Any, mean: Any = 0.0, sd: Any = 1.0) -> Any:
    """Return the density of the normal distribution."""
    z = (numbers(x) - numbers(mean)) / numbers(sd)
    return np.exp(-0.5 * z * z) / (math.sqrt(2.0 * math.pi) * numbers(sd))


def pnorm(q: Any, mean: Any = 0.0, sd: Any = 1.0) -> Any:
    """Return the probability of values up to ``q`` in the normal distribution."""
    return _special().ndtr((numbers(q) - numbers(mean)) / numbers(sd))


def qnorm(p: Any, mean: Any = 0.0, sd: Any = 1.0) -> Any:
    """Return the quantiles of the normal distribution."""
    return numbers(mean) + numbers(sd) * _special().ndtri(numbers(p))


FUNCTIONS = (gamma, lgamma, digamma, factorial, choose, dnorm, pnorm, qnorm)
