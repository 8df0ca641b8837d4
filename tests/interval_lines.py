"""Regressions by least squares for the tests of intervals, and their oracles in plain loops."""

from fractions import Fraction

import numpy as np


class Line:
    """Least squares with an intercept."""

    def fit(self, x, y):
        self.weights, *_ = np.linalg.lstsq(np.c_[np.ones(len(x)), x], y, rcond=None)
        return self

    def predict(self, x):
        return np.c_[np.ones(len(x)), x] @ self.weights


def data(rows, seed, outputs=None):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 3))
    shape = (rows,) if outputs is None else (rows, outputs)
    noise = rng.standard_t(4, size=shape)
    return x, (x @ rng.normal(size=(3, *shape[1:]))) + noise


def exact_rank(count, level):
    return int(np.ceil(Fraction(str(level)) * (count + 1)))


def kth(values, place):
    """Return the smallest value of that rank, counted from 1; infinite beyond the last."""
    return np.inf if place > len(values) else sorted(values)[place - 1]


def plus(copies, scores, level):
    """Return the bounds of one row: a copy's prediction and a score for each row of the data."""
    place = exact_rank(len(scores), level)
    high = kth([f + s for f, s in zip(copies, scores, strict=True)], place)
    low = -kth([-(f - s) for f, s in zip(copies, scores, strict=True)], place)
    return low, high
