"""Scores of plain arrays, without the checks of scikit-learn's functions.

These checks take ten times as long as the score of a fold of a few rows.  The functions here do the
same arithmetic in the same order, with the same bits, and accept only plain arguments: two arrays
of finite numbers, or of labels, for scores that are defined.  A scorer of scikit-learn handles the
rest, with its warnings and errors.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lamina._check import Array
from lamina.model_selection.scikit import ClassifierMixin, RegressorMixin

PlainScore = Callable[[Array, Array], "float | None"]


def plain_score(name: str | None, estimator: Any, targets: Any) -> PlainScore | None:
    """Return the function that scores an estimator's ``predict``; None if there is none.

    Parameters
    ----------
    name : str or None
        The name of a scorer; None for the estimator's own ``score``.
    estimator : object
    targets : object
        The targets with which it is called.
    """
    if name is None:
        own = getattr(type(estimator), "score", None)
        name = _OWN.get(own)
    if name == "accuracy":
        return _accuracy if _is_plain(targets, "biuU") and targets.ndim == 1 else None
    found = _OF_NUMBERS.get(name)
    return found if found is not None and _is_plain(targets, "iuf") else None


def _of_numbers(score: PlainScore) -> PlainScore:
    """Convert the arguments of a score to two arrays (rows, outputs) of one floating type."""

    def checked(targets: Array, predicted: Array) -> float | None:
        if not _is_plain(predicted, "f") or predicted.shape != targets.shape:
            return None
        if targets.ndim > 2 or len(targets) < 2:
            return None
        dtype = predicted.dtype
        if targets.dtype.kind == "f":
            dtype = np.result_type(targets.dtype, dtype)
        if dtype.itemsize < 4 or not (np.isfinite(predicted).all() and np.isfinite(targets).all()):
            return None
        rows = len(targets)
        found = score(
            targets.astype(dtype, copy=False).reshape(rows, -1),
            predicted.astype(dtype, copy=False).reshape(rows, -1),
        )
        return None if found is None else float(found)

    return checked


def _is_plain(values: Any, kinds: str) -> bool:
    return type(values) is np.ndarray and values.dtype.kind in kinds and values.ndim > 0


def _mean_square(targets: Array, predicted: Array) -> Any:
    return -((targets - predicted) ** 2).mean(axis=0).mean()


def _root_mean_square(targets: Array, predicted: Array) -> Any:
    return -np.sqrt(((targets - predicted) ** 2).mean(axis=0)).mean()


def _mean_absolute(targets: Array, predicted: Array) -> Any:
    return -np.abs(predicted - targets).mean(axis=0).mean()


def _determination(targets: Array, predicted: Array) -> Any:
    residual = ((targets - predicted) ** 2).sum(axis=0)
    spread = ((targets - targets.mean(axis=0)) ** 2).sum(axis=0)
    if not (residual.all() and spread.all()):
        return None
    return (1 - residual / spread).mean()


def _accuracy(targets: Array, predicted: Array) -> float | None:
    if not _is_plain(predicted, "biuU") or predicted.shape != targets.shape or not len(targets):
        return None
    if (targets.dtype.kind == "U") != (predicted.dtype.kind == "U"):
        return None
    # For so many, some versions of scikit-learn warn that they may not be classes.
    if 2 * max(len(np.unique(targets)), len(np.unique(predicted))) > len(targets):
        return None
    return float((targets == predicted).mean())


_OWN = {RegressorMixin.score: "r2", ClassifierMixin.score: "accuracy"}
_OF_NUMBERS: dict[str | None, PlainScore] = {
    "neg_mean_absolute_error": _of_numbers(_mean_absolute),
    "neg_mean_squared_error": _of_numbers(_mean_square),
    "neg_root_mean_squared_error": _of_numbers(_root_mean_square),
    "r2": _of_numbers(_determination),
}
