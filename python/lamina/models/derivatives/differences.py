"""Derivatives by finite differences, as accurate as the values allow."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from lamina._check import Array

SHRINK = 2.0
LEVELS = 12
FASTER = 8.0  # steps are divided by this until the function is about quadratic over them
CURVED = 0.1  # of a second difference: how far slopes may be from explaining it
SHORTEST = 1e-15  # of the first step
ROUNDINGS = 1024.0  # of values: a smaller second difference shows nothing


def hessian_by_differences(
    function: Callable[[Array], tuple[float, Array]], at: Array, digits: float = 2.2e-16
) -> tuple[Array, Array]:
    """Return the second derivatives of a function, of shape (n, n), and the first step of each.

    Central differences of the gradient over decreasing steps are extrapolated to zero by Neville's
    scheme; for each element the estimate is kept that differs least from its two neighbours in the
    scheme (C. J. F. Ridders, Advances in Engineering Software 4 (1982) 75-76).  The scheme begins
    at a step over which the function is about quadratic, so that the result does not depend on the
    units of the variables.

    Parameters
    ----------
    function : callable
        A function of an array of shape (n,) that returns its value and its gradient.
    at : ndarray of shape (n,), float64
    digits : float
        The relative error of values and gradients.
    """
    middle = float(function(at)[0])
    columns, steps = [], np.empty(at.size)
    for place in range(at.size):
        line = _Line(function, at, place, middle, digits)
        steps[place] = step = line.first_step()
        columns.append(_extrapolated(line, step, digits))
    found = np.stack(columns, axis=1)
    return (found + found.T) / 2, steps


class _Line:
    """A function along one of its variables, with the same distance on both sides of a point."""

    def __init__(
        self, function: Callable[[Array], tuple[float, Array]], at: Array, place: int,
        middle: float, digits: float,
    ) -> None:  # fmt: skip
        self._function, self._at, self._place = function, at, place
        self._middle, self._digits = middle, digits
        self._last: tuple[float, Any] = (0.0, None)

    def ends(self, step: float) -> tuple[float, tuple[float, Array], tuple[float, Array]]:
        """Return the distance between two points, and the values and gradients there."""
        if self._last[0] != step:
            high, low = self._at.copy(), self._at.copy()
            high[self._place] += step
            low[self._place] -= step
            apart = float(high[self._place] - low[self._place])
            self._last = step, (apart, self._function(high), self._function(low))
        return self._last[1]  # type: ignore[no-any-return]

    def difference(self, step: float) -> tuple[Array, float]:
        """Return the difference quotient of the gradients, and the size of these."""
        apart, (_, up), (_, down) = self.ends(step)
        size = float(max(np.abs(up).max(initial=0.0), np.abs(down).max(initial=0.0)))
        return (up - down) / apart, size

    def first_step(self) -> float:
        """Return a considerable part of the variable's scale over which the function bends evenly.

        A tenth of the variable, or of 1, is far too long for the weights of inputs in the
        thousands: units saturate on both sides, and differences show nothing of the curvature.
        """
        first = step = 0.1 * max(1.0, abs(float(self._at[self._place])))
        while step > SHORTEST * first:
            gap, change, rounding = self._bend(step)
            if change <= rounding:
                break
            if gap <= CURVED * change:
                return step
            step /= FASTER
        return first  # the function is flat, or the point is at a kink: no step is short enough

    def _bend(self, step: float) -> tuple[float, float, float]:
        """Return how far slopes are from explaining values as in a parabola, and their sizes.

        The second difference of the values is that of the slopes times half the step, if the
        function is quadratic; with both comes the size of the values' rounding errors.
        """
        apart, (up, slope_up), (down, slope_down) = self.ends(step)
        values = up + down - 2.0 * self._middle
        slopes = apart * float(slope_up[self._place] - slope_down[self._place]) / 4.0
        ends = np.isfinite(slope_up).all() and np.isfinite(slope_down).all()
        if not (ends and np.isfinite(values)):
            return np.inf, 1.0, 0.0
        rounding = ROUNDINGS * self._digits * (abs(up) + abs(down) + 2.0 * abs(self._middle))
        return abs(values - slopes), max(abs(values), abs(slopes)), rounding


def _extrapolated(line: _Line, first: float, digits: float) -> Array:
    step = first
    row = [line.difference(step)[0]]
    best, error = row[0], np.full(row[0].shape, np.inf)
    for _ in range(1, LEVELS):
        step /= SHRINK
        here, size = line.difference(step)
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
