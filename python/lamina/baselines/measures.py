"""The loss of a prediction, row by row."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina._names import unknown

Array = NDArray[Any]

# The measures for each kind of problem; the first is the default.
OF_KIND = {
    "regression": ("mae", "mse"),
    "classes": ("log_loss", "accuracy"),
    "labels": ("log_loss", "accuracy"),
}
WORDS = {
    "mae": "absolute error",
    "mse": "squared error",
    "log_loss": "log loss",
    "accuracy": "share of wrong classes",
}


def checked(who: str, kind: str, measure: str | None) -> str:
    """Return the requested measure, or the default for the kind of problem."""
    known = OF_KIND[kind]
    if measure is None:
        return known[0]
    if not isinstance(measure, str) or measure not in known:
        raise ValueError(f"{who}: {unknown('measure', str(measure), known)}")
    return measure


def losses(measure: str, y: Array, predicted: Array) -> Array:
    """Return the loss of each row.

    Parameters
    ----------
    measure : {"mae", "mse", "log_loss", "accuracy"}
        "accuracy" counts wrong predictions, so that smaller is better for all measures.
    y : ndarray of shape (rows, outputs), or of shape (rows,) for one class per row
    predicted : ndarray of shape (rows, outputs), or (rows, classes)
        Numbers, or probabilities.

    Returns
    -------
    ndarray of shape (rows,)
        The losses, averaged over the outputs.
    """
    if measure == "mae":
        return np.asarray(np.abs(predicted - y).mean(axis=1))
    if measure == "mse":
        return np.asarray(np.square(predicted - y).mean(axis=1))
    if y.ndim == 1:
        if measure == "accuracy":
            return np.asarray(predicted.argmax(axis=1) != y, dtype=np.float64)
        return np.asarray(-np.log(_clipped(predicted[np.arange(len(y)), y])))
    if measure == "accuracy":
        return np.asarray(((predicted > 0.5) != (y > 0.5)).mean(axis=1))
    right = np.where(y > 0.5, predicted, 1.0 - predicted)
    return np.asarray(-np.log(_clipped(right)).mean(axis=1))


def _clipped(probability: Array) -> Array:
    """Keep the logarithm finite, as scikit-learn's ``log_loss`` does."""
    return np.asarray(np.clip(probability, np.finfo(np.float64).eps, 1.0))


def r2(y: Array, predicted: Array) -> float:
    """Return 1 - SSE / SST about the mean of these rows, averaged over the outputs."""
    residual = np.square(y - predicted).sum(axis=0)
    total = np.square(y - y.mean(axis=0)).sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.where(total > 0, 1.0 - residual / total, np.nan).mean())


def paired(difference: Array, level: float) -> tuple[float, float, float]:
    """Return the mean of paired differences and its t interval, mean -+ t * sd / sqrt(rows)."""
    from scipy import stats  # type: ignore[import-untyped, unused-ignore]

    mean, rows = float(difference.mean()), len(difference)
    if rows < 2:
        return mean, np.nan, np.nan
    half = stats.t.ppf(0.5 + level / 2, rows - 1) * difference.std(ddof=1) / np.sqrt(rows)
    return mean, mean - float(half), mean + float(half)
