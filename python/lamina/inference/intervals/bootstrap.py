"""Intervals of resampled rows: the bootstrap of pairs, and the jackknife+ after the bootstrap."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from lamina import _check
from lamina._check import Array
from lamina.inference.intervals import ranks
from lamina.inference.intervals.fitted import Fitted
from lamina.inference.intervals.methods import Kept, Method, Plan, Prepared, Rows, in_pieces

RESAMPLES = 50
_STEPS = 80  # bisections, after which the ends of an interval are neighbours in float64


class _Resampled(Method):
    def _out_of_bag(self, fitted: Fitted, x: Any, y: Array, plan: Plan) -> Prepared:
        """Return each row's residual from the mean of the copies whose resample lacks it."""
        resamples = _resamples(plan, len(y))
        fits = fitted.refits(x, y, resamples, plan.fit)
        lacking = np.zeros((len(y), len(resamples)), bool)
        total = np.zeros_like(y)
        for number, ((_, out), predicted) in enumerate(zip(resamples, fits.held_out, strict=True)):
            lacking[out, number] = True
            total[out] += predicted
        residuals = y - total / lacking.sum(axis=1)[:, None]
        return Prepared({"scores": residuals, "lacking": lacking}, copies=fits.copies)


class Bootstrap(_Resampled):
    """Quantiles of ``f(x) + e_i - (f_b(x) - mean_b f_b(x))`` over all errors i and resamples b.

    Each resample draws rows (pairs of x and y) with replacement, as many as there are, and a copy
    f_b is fitted to them.  The variation of the copies represents that of the model, the errors
    represent the noise: Davison and Hinkley 1997, "Bootstrap Methods and their Application",
    6.3.3.  The errors are a compromise between the residuals of training, which are too small, and
    those of the copies that lack a row, which are too large: Kumar and Srivastava 2012, "Bootstrap
    prediction intervals in non-parametric regression", with the weights of Efron and Tibshirani
    1997, "Improvements on cross-validation: the .632+ bootstrap method".  The level is approximate.
    """

    name: ClassVar[str] = "bootstrap"
    conformal: ClassVar[bool] = False

    def prepare(self, fitted: Fitted, x: Any, y: Array, plan: Plan) -> Prepared:
        """Refit a copy to each resample."""
        made, predicted = self._out_of_bag(fitted, x, y, plan), fitted.values(x)
        trained, held = y - predicted, made.arrays["scores"]
        weight = weight_632(y, predicted, held)
        errors = (1.0 - weight) * np.sort(trained, axis=0) + weight * np.sort(held, axis=0)
        return Prepared({"scores": errors}, copies=made.copies)

    def bounds(
        self, kept: Kept, centre: Array, copies: Callable[[], Array], level: float
    ) -> tuple[Array, Array]:
        """Return the bounds."""
        predicted = copies()
        moved = predicted - _weighted_sum(
            np.full((1, len(predicted)), 1 / len(predicted)), predicted
        )
        low, high = np.empty_like(centre), np.empty_like(centre)
        below, above = ranks.tails(level)
        for output in range(centre.shape[1]):
            errors, shifts = kept.arrays["scores"][:, output], moved[:, :, output].T
            low[:, output] = quantile_of_differences(errors, shifts, below)
            high[:, output] = quantile_of_differences(errors, shifts, above)
        return centre + low, centre + high


class JackknifePlusAfterBootstrap(_Resampled):
    """The jackknife+ in which the copy for a row is the mean of the copies whose resample lacks it.

    Kim, Xu and Barber 2020, "Predictive inference is free with the jackknife+-after-bootstrap".
    """

    name = "jackknife+ab"

    def prepare(self, fitted: Fitted, x: Any, y: Array, plan: Plan) -> Prepared:
        """Refit a copy to each resample."""
        return self._out_of_bag(fitted, x, y, plan)

    def bounds(
        self,
        kept: Kept,
        centre: Array,
        copies: Callable[[], Array],
        level: float,
    ) -> tuple[Array, Array]:
        """Return the bounds."""
        lacking = kept.arrays["lacking"].astype(np.float64)
        scores = np.abs(kept.arrays["scores"])[:, None]
        predicted, shares = copies(), lacking / lacking.sum(axis=1)[:, None]

        def some(rows: slice) -> tuple[Array, Array]:
            there = _weighted_sum(shares, predicted[:, rows])
            return ranks.lower(there - scores, level), ranks.upper(there + scores, level)

        return in_pieces(some, len(centre), scores.size)


def _weighted_sum(weights: Array, copies: Array) -> Array:
    """Return ``sum_b weights[n, b] copies[b]`` for each n, added copy by copy.

    NumPy's own sums use another order for a single row, so its bits would differ.
    """
    total = weights[:, 0, None, None] * copies[0]
    for weight, copy in zip(weights.T[1:], copies[1:], strict=True):
        total += weight[:, None, None] * copy
    return np.asarray(total)


def weight_632(y: Array, predicted: Array, held: Array) -> Array:
    """Return the weight of the held-out residuals, for each output: from .632 to 1.

    ``.632 / (1 - .368 R)``, where R is the relative overfitting: 0 if held-out residuals are like
    those of training, 1 if they are as large as for predictions unrelated to the targets.
    """
    trained, out = np.abs(y - predicted).mean(axis=0), np.abs(held).mean(axis=0)
    unrelated = np.array([_mean_distance(a, b) for a, b in zip(y.T, predicted.T, strict=True)])
    with np.errstate(divide="ignore", invalid="ignore"):
        share = (out - trained) / (unrelated - trained)
    share = np.where(out > trained, np.where(unrelated > trained, np.minimum(share, 1.0), 1.0), 0.0)
    return np.asarray(0.632 / (1.0 - 0.368 * share))


def _mean_distance(a: Array, b: Array) -> float:
    """Return the mean of ``|a[i] - b[j]|`` over all pairs."""
    b = np.sort(b)
    below = np.searchsorted(b, a)
    sums = np.concatenate([[0.0], np.cumsum(b)])
    total = a * (2 * below - len(b)) - 2 * sums[below] + sums[-1]
    return float(total.mean() / len(b))


def quantile_of_differences(errors: Array, shifts: Array, share: float) -> Array:
    """Return the quantile of all ``errors[i] - shifts[row, b]``, for each row.

    Parameters
    ----------
    errors : ndarray of shape (n,)
        The errors in ascending order.
    shifts : ndarray of shape (rows, resamples)
    share : float

    Returns
    -------
    ndarray of shape (rows,)
        The smallest value that at least ``share`` of the differences do not exceed, found by
        bisection, because there are many more differences than errors and shifts.
    """
    wanted = share * errors.size * shifts.shape[1]
    low = errors[0] - shifts.max(axis=1) - 1.0
    high = errors[-1] - shifts.min(axis=1)
    for _ in range(_STEPS):
        middle = low + (high - low) / 2.0
        reached = np.searchsorted(errors, middle[:, None] + shifts, side="right").sum(axis=1)
        enough = reached >= wanted
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return high  # type: ignore[no-any-return]


def _resamples(plan: Plan, rows: int) -> list[Rows]:
    count = RESAMPLES
    if plan.n_resamples is not None:
        count = _check.integer(plan.who, "n_resamples", plan.n_resamples, 2)
    made, every = [], np.arange(rows)
    for number in range(count):
        drawn = np.random.default_rng([plan.seed, number]).integers(0, rows, rows)
        made.append((drawn, np.setdiff1d(every, drawn)))
    held = np.concatenate([out for _, out in made])
    if len(np.unique(held)) < rows or not all(len(out) for _, out in made):
        raise ValueError(
            f"{plan.who}: each row must be missing from some resample; {count} resamples of {rows} "
            f"rows are too few; give a larger n_resamples"
        )
    return made
