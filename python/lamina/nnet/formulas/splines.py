"""Bases of splines, as in R's package ``splines``."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina import _screen

Array = NDArray[Any]


def knots(who: str, x: Array, df: int | None, inner: Any, without: int, boundary: Any) -> Array:
    """Return the boundary, inner knots, boundary.

    There are ``df - without`` inner knots, quantiles of the numbers within the boundary.
    """
    known = x[~np.isnan(x)]
    ends = [known.min(), known.max()] if boundary is None else sorted(map(float, boundary))
    if inner is not None:
        inner = np.atleast_1d(np.asarray(inner, np.float64))
    elif df is not None:
        count = max(0, df - without)
        if df < without:
            _screen.warn(f"{who}: df must be at least {without}, and is taken as that; got {df}")
        within = known[(known >= ends[0]) & (known <= ends[1])]
        inner = np.quantile(within, np.linspace(0, 1, count + 2)[1:-1])
    else:
        inner = np.empty(0)
    return np.array([ends[0], *np.sort(inner), ends[1]])


def _curves(held: Array, degree: int) -> Any:
    """Return all B-splines of the knots, as one function of x."""
    from scipy.interpolate import BSpline  # type: ignore[import-not-found, import-untyped, unused-ignore]

    padded = np.concatenate([held[:1].repeat(degree), held, held[-1:].repeat(degree)])
    return BSpline(padded, np.eye(len(padded) - degree - 1), degree)


def b_splines(x: Array, held: Array, degree: int) -> Array:
    """Return B-splines (rows, splines); beyond the boundary their polynomials are continued."""
    beyond = (x < held[0]) | (x > held[-1])
    if beyond.any():
        _screen.warn(
            f"bs: values should be within the boundary knots, {held[0]:g} and {held[-1]:g}, beyond "
            f"which the polynomials grow fast; {beyond.sum()} of {len(x)} are not"
        )
    return np.asarray(_curves(held, degree)(x))


def natural(x: Array, held: Array, intercept: bool) -> Array:
    """Return natural cubic splines (rows, splines), without curvature at the boundary and beyond.

    The basis is that of R's ``ns``: B-splines, rotated by the orthogonal matrix of the QR
    decomposition of the two conditions.
    """
    curves = _curves(held, 3)
    within = np.clip(x, held[0], held[-1])
    beyond = (x - within)[:, None]
    made = curves(within) + np.where(beyond == 0, 0.0, beyond * curves.derivative()(within))
    curvature = curves.derivative(2)(held[[0, -1]])
    if not intercept:
        made, curvature = made[:, 1:], curvature[:, 1:]
    turn, _ = np.linalg.qr(curvature.T, mode="complete")
    return np.asarray(made @ turn[:, 2:])
