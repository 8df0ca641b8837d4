"""The training rows and the held-out rows of each fit: folds and bootstrap resamples."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina import _check
from lamina._folds import warn_of_overlap
from lamina.random import Stream, mix

Array = NDArray[Any]

# Separate streams: the rows of folds and resamples are the same for every seed and setting.
_FOLDS = 0x5EED_0101
_RESAMPLES = 0x5EED_0102


@dataclass
class Part:
    """The rows of a fit.

    Attributes
    ----------
    fold, resample : int or None
    rows : ndarray of int64 or None
        The training rows, with repetitions in a resample; None for all.
    held_out : ndarray of int64 or None
        The rows held out; None for none.
    """

    fold: int | None = None
    resample: int | None = None
    rows: Array | None = None
    held_out: Array | None = None


def parts(who: str, rows: int, y: Any, folds: Any, bootstrap: Any) -> list[Part]:
    """Return all parts: every resample of every fold."""
    found = [Part()] if folds is None else _folds(who, rows, y, folds)
    if bootstrap is None:
        return found
    return [each for part in found for each in _resamples(who, rows, part, bootstrap)]


def _folds(who: str, rows: int, y: Any, folds: Any) -> list[Part]:
    if isinstance(folds, (int, np.integer)) and not isinstance(folds, bool):
        pairs: Iterable[Any] = _dealt(who, rows, y, int(folds))
    elif callable(getattr(folds, "split", None)) and not isinstance(folds, (str, np.ndarray)):
        pairs = _split(who, rows, y, folds)
    elif isinstance(folds, Iterable) and not isinstance(folds, (str, bytes)):
        pairs = folds
    else:
        raise TypeError(
            f"{who}: folds must be a number, a splitter of scikit-learn or pairs of row indices; "
            f"got {folds!r:.80}"
        )
    found: list[Part] = []
    for place, pair in enumerate(pairs):
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise TypeError(
                f"{who}: folds must hold pairs (rows to train on, rows held out); got {pair!r:.80}"
            )
        train, held = (_indices(who, f"folds[{place}]", each, rows) for each in pair)
        warn_of_overlap(who, f"folds[{place}]", train, held)
        found.append(Part(place, None, train, held))
    if not found:
        raise ValueError(f"{who}: folds must hold at least one pair of row indices; got none")
    return found


def _split(who: str, rows: int, y: Any, splitter: Any) -> list[Any]:
    try:
        return list(splitter.split(np.zeros((rows, 1)), y))
    except (TypeError, ValueError) as error:
        fault = TypeError if isinstance(error, TypeError) else ValueError
        raise fault(
            f"{who}: folds cannot be made by {splitter!r:.80}: {error}; rows can be split "
            f"beforehand, by labels or groups of one's own: folds=list(splitter.split(x, labels, "
            f"groups))"
        ) from error


def _dealt(who: str, rows: int, y: Any, count: int) -> list[tuple[Array, Array]]:
    """Distribute rows over folds like cards, class by class if y has labels."""
    if not 2 <= count <= rows:
        raise ValueError(
            f"{who}: folds must be at least 2 and at most the number of rows, {rows}; got {count}"
        )
    order = Stream(_FOLDS).permutation(rows)
    labels = _labels(y, rows)
    if labels is not None:
        order = order[np.argsort(labels[order], kind="stable")]
    fold = np.empty(rows, np.int64)
    fold[order] = np.arange(rows) % count
    return [(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(count)]


def _labels(y: Any, rows: int) -> Array | None:
    if y is None or isinstance(y, dict):
        return None
    array = np.asarray(y)
    if array.shape not in ((rows,), (rows, 1)) or array.dtype.kind not in "biuOSU":
        return None
    try:
        return np.unique(array.ravel(), return_inverse=True)[1].reshape(-1)
    except TypeError:  # objects of several types have no order
        return None


def _resamples(who: str, rows: int, part: Part, bootstrap: Any) -> list[Part]:
    """Return resamples of a part; rows left out are held out, unless a fold holds rows out."""
    pool = np.arange(rows, dtype=np.int64) if part.rows is None else part.rows
    drawn: list[Array] = []
    if isinstance(bootstrap, (int, np.integer)) and not isinstance(bootstrap, bool):
        count = _check.integer(who, "bootstrap", bootstrap)
        fold = 0 if part.fold is None else part.fold + 1
        for k in range(count):
            draws = Stream(mix(_RESAMPLES, fold, k)).uniform(len(pool))
            drawn.append(pool[(draws * len(pool)).astype(np.int64)])
    elif isinstance(bootstrap, Iterable) and not isinstance(bootstrap, (str, bytes)):
        for k, chosen in enumerate(bootstrap):
            drawn.append(pool[_indices(who, f"bootstrap[{k}]", chosen, len(pool))])
    else:
        raise TypeError(
            f"{who}: bootstrap must be a number of resamples, or row indices of each; "
            f"got {bootstrap!r:.80}"
        )
    found = []
    for k, chosen in enumerate(drawn):
        left = part.held_out
        if part.fold is None:
            out = np.ones(rows, dtype=bool)
            out[chosen] = False
            left = np.flatnonzero(out)
        found.append(Part(part.fold, k, np.ascontiguousarray(chosen), left))
    return found


def _indices(who: str, name: str, given: Any, rows: int) -> Array:
    """Return checked row numbers, from numbers or a mask."""
    array = np.asarray(given)
    if array.dtype == bool:
        if array.shape != (rows,):
            raise ValueError(
                f"{who}: {name} must have one truth value per row, {rows}; got shape {array.shape}"
            )
        array = np.flatnonzero(array)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise TypeError(
            f"{who}: {name} must be row indices, a row of integers; got shape {array.shape} of "
            f"{array.dtype}"
        )
    array = np.ascontiguousarray(array, dtype=np.int64)
    outside = array[(array < 0) | (array >= rows)]
    if outside.size:
        raise ValueError(
            f"{who}: {name} must hold row indices from 0 to {rows - 1}; got {outside[0]}"
        )
    return array
