"""Natural cubic splines, fitted by least squares of minimum norm."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class NaturalSplines:
    """Natural cubic splines with given degrees of freedom, as R's ``ns(x, df, intercept=TRUE)``.

    They are cubic between the knots, which are at quantiles of the training rows, with continuous
    second derivatives, and linear beyond the outermost knots.  Two degrees of freedom give a
    straight line.  The basis consists of B-splines (de Boor 1978), rotated so that those whose
    second derivative at an outermost knot is not 0 drop out.  The rotation is orthogonal, and its
    choice changes neither a fit of minimum norm nor its norm.

    Parameters
    ----------
    x : ndarray of shape (rows,)
        The training rows, with at least two different values.
    degrees : int
        At least 2.
    """

    def __init__(self, x: Array, degrees: int) -> None:
        self.low, self.high = float(x.min()), float(x.max())
        inner = np.quantile(x, np.linspace(0.0, 1.0, degrees)[1:-1])
        self.knots = np.concatenate([[self.low] * 4, inner, [self.high] * 4])
        ends = np.array([self.low, self.high])
        bent = b_splines(ends, self.knots, derivative=2)
        # The last columns of Q are orthogonal to both rows of second derivatives.
        self._turn = np.linalg.qr(bent.T, mode="complete")[0][:, 2:]
        self._ends = b_splines(ends, self.knots), b_splines(ends, self.knots, derivative=1)

    def __call__(self, x: Array) -> Array:
        """Return the basis at some places, of shape (rows, degrees)."""
        basis = b_splines(np.clip(x, self.low, self.high), self.knots)
        for side, end, beyond in ((0, self.low, x < self.low), (1, self.high, x > self.high)):
            values, slopes = (each[side] for each in self._ends)
            basis[beyond] = values + (x[beyond, None] - end) * slopes
        return np.asarray(basis @ self._turn)


def b_splines(x: Array, knots: Array, degree: int = 3, derivative: int = 0) -> Array:
    """Return all B-splines of a degree over sorted knots, or a derivative, by de Boor's recursion.

    Parameters
    ----------
    x : ndarray of shape (rows,)
        Values within the knots; the last knot belongs to the last interval.
    knots : ndarray of shape (count,)
    degree : int, default 3
    derivative : int, default 0

    Returns
    -------
    ndarray of shape (rows, count - degree - 1)
    """
    if derivative > 0:
        lower = b_splines(x, knots, degree - 1, derivative - 1)
        scaled = lower * (degree * _inverse(knots[degree:] - knots[:-degree]))
        return np.asarray(scaled[:, :-1] - scaled[:, 1:])
    last = np.flatnonzero(knots[:-1] < knots[1:])[-1]
    place = np.clip(np.searchsorted(knots, x, side="right") - 1, 0, last)
    basis = np.asarray(place[:, None] == np.arange(len(knots) - 1), dtype=np.float64)
    for order in range(1, degree + 1):
        width = _inverse(knots[order:] - knots[:-order])
        rising = (x[:, None] - knots[:-order]) * width
        basis = rising[:, :-1] * basis[:, :-1] + (1.0 - rising[:, 1:]) * basis[:, 1:] * (
            width[1:] > 0
        )
    return basis


def _inverse(width: Array) -> Array:
    """Return 1 / width, and 0 if several knots coincide."""
    return np.divide(1.0, width, out=np.zeros_like(width), where=width > 0)


def least_norm(basis: Array, y: Array) -> tuple[Array, int]:
    """Return the least squares coefficients of least norm, and the rank of the basis.

    The rank is the trace of the matrix that takes ``y`` to the fitted values: the effective degrees
    of freedom.
    """
    coefficients, _, rank, _ = np.linalg.lstsq(basis, y, rcond=None)
    return coefficients, int(rank)
