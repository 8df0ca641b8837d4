"""Which rows of a table a model uses: R's ``subset`` and ``na.action``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.nnet.formulas.evaluation import Evaluation
from lamina.nnet.formulas.variables import Columns, Variable, variable

Array = NDArray[Any]
NaAction = str | Callable[[Mapping[str, Array]], Any]
NAMED = ("na.omit", "na.fail", "na.exclude", "na.pass")


def rows_chosen(who: str, subset: Any, columns: Columns, evaluation: Evaluation) -> Array:
    """Return the rows that ``subset`` chooses, one or more."""
    if subset is None:
        return np.arange(columns.rows)
    chosen = _chosen(who, subset, columns, evaluation)
    if columns.rows and not len(chosen):
        got = f"; got {subset!r}" if isinstance(subset, str) else ""
        raise ValueError(f"{who}: subset must leave a row; it leaves none of {columns.rows}{got}")
    return chosen


def _chosen(who: str, subset: Any, columns: Columns, evaluation: Evaluation) -> Array:
    if isinstance(subset, str):
        return _by_expression(
            who, subset, columns.rows, evaluation.choice("subset", subset, columns)
        )
    if isinstance(subset, slice):
        return _by_slice(who, subset, columns.rows)
    array = np.asarray(subset)
    if array.dtype.kind == "O":  # truth values, some missing: those rows are left out, as in R
        held = variable(who, "subset", subset)
        array = held.values == 1.0 if held.kind == "logical" else array
    if array.size == 0 and array.ndim == 1:  # an empty list has the dtype of floats
        array = array.astype(np.int64)
    if array.dtype.kind == "b":
        if array.shape != (columns.rows,):
            raise ValueError(
                f"{who}: subset must have one truth value for each of {columns.rows} rows; got "
                f"shape {array.shape}"
            )
        return np.flatnonzero(array)
    if array.dtype.kind not in "iu" or array.ndim != 1:
        raise TypeError(
            f"{who}: subset must be a condition, truth values or row numbers; got {subset!r:.80}"
        )
    if array.size and not (-columns.rows <= array.min() and array.max() < columns.rows):
        raise ValueError(
            f"{who}: subset must hold row numbers, 0 to {columns.rows - 1}; got {array.max()}"
        )
    return np.asarray(np.arange(columns.rows)[array])


def _by_slice(who: str, subset: slice, rows: int) -> Array:
    try:
        return np.arange(rows)[subset]
    except (TypeError, ValueError):  # no integers, or a step of 0
        raise TypeError(
            f"{who}: subset must be a slice of row numbers, such as slice(0, 10); got {subset!r}"
        ) from None


def _by_expression(who: str, text: str, rows: int, chosen: Any) -> Array:
    """Return the rows of a condition, or of row numbers as R counts them, from 1."""
    single = not isinstance(chosen, (Variable, list)) and np.ndim(chosen) == 0
    listed = isinstance(chosen, list) or single  # the types of their elements remain
    array = np.array([chosen] if single else chosen, object) if listed else chosen
    held = variable(who, "subset", array)
    values = held.values
    if held.kind == "logical" and values.ndim == 1:
        if len(values) > max(rows, 1):
            raise ValueError(
                f"{who}: subset must have at most one truth value for each of {rows} rows; got "
                f"{len(values)} from {text!r}"
            )
        return np.flatnonzero(np.resize(values, rows) == 1.0)
    fits = held.kind == "numeric" and values.ndim == 1
    if fits and len(values):
        numbers, low, high = np.unique(values), values.min(), values.max()
        whole = np.array_equal(numbers, np.round(numbers)) and len(numbers) == len(values)
        if whole and low >= 1 and high <= rows:
            return np.asarray(values, np.int64) - 1
        if whole and low >= -rows and high <= -1:
            return np.delete(np.arange(rows), np.asarray(-values, np.int64) - 1)
    elif fits and not len(values):
        return np.empty(0, np.int64)
    raise TypeError(
        f"{who}: subset must be a condition, such as 'x > 1', or different row numbers from 1 to "
        f"{rows}, such as '1:{min(10, rows)}'; got {text!r}"
    )


def rows_kept(who: str, held: Mapping[str, Variable], na_action: NaAction) -> Array:
    """Return the rows that remain after the treatment of missing values."""
    gaps = {name: v.missing for name, v in held.items()}
    missing = np.any(list(gaps.values()), axis=0)
    every = np.arange(len(missing))
    if callable(na_action):
        return _asked(who, held, na_action, every)
    action = na_action.replace("_", ".") if isinstance(na_action, str) else None
    if action not in NAMED:
        raise ValueError(
            f"{who}: na_action must be one of {', '.join(NAMED)}, or a function of the variables "
            f"that returns the rows to keep; got {na_action!r:.80}"
        )
    if action == "na.pass":
        return every
    if action == "na.fail" and missing.any():
        where = [name for name, each in gaps.items() if each.any()]
        raise ValueError(
            f"{who}: data must have no missing values under na_action='na.fail'; "
            f"{int(missing.sum())} of {len(missing)} rows have some, in {', '.join(where)}; "
            f"na_action='na.omit' leaves them out"
        )
    return np.flatnonzero(~missing)


def refuse_infinite(who: str, held: Mapping[str, Variable], rows: Array) -> None:
    """Raise ValueError if a variable is infinite in the rows used."""
    for name, each in held.items():
        if each.kind == "factor" or not np.isinf(each.values).any():
            continue
        place = np.argwhere(np.isinf(each.values))[0]
        raise ValueError(
            f"{who}: {name} must be finite; got {each.values[tuple(place)]} in row "
            f"{rows[place[0]]}: leave such rows out"
        )


def _asked(who: str, held: Mapping[str, Variable], na_action: Any, every: Array) -> Array:
    """Return the rows that a user's function keeps."""
    frame = {name: shown(v) for name, v in held.items()}
    kept = np.asarray(na_action(frame))
    fits = kept.dtype.kind in "iu" or (kept.dtype.kind == "b" and len(kept) == len(every))
    if kept.ndim != 1 or not fits:
        raise ValueError(
            f"{who}: the function na_action must return the rows to keep, as truth values or row "
            f"numbers; got {kept!r}"
        )
    return np.asarray(every[kept])


def shown(held: Variable) -> Array:
    """Return a variable as users see it: numbers or levels, None for missing ones."""
    if held.kind != "factor":
        return np.array(held.values)
    return np.asarray(np.array([*held.levels, None], object)[held.values])


def spread(values: Array, rows: Array, total: int) -> Array:
    """Return values for ``total`` rows: NaN for those that are not among ``rows``."""
    if len(rows) == total:
        return values
    made = np.full((total, *values.shape[1:]), np.nan)
    made[rows] = values
    return made


class NewRows:
    """Rows of a table to which a model was not fitted; made by ``ModelFrame.again``.

    Attributes
    ----------
    x : ndarray (rows kept, columns)
    rows : ndarray of int
        The places of these rows in the table.
    total : int
        How many rows the table has.
    offset : ndarray or None
    """

    def __init__(self, x: Array, rows: Array, total: int, offset: Array | None) -> None:
        self.x, self.rows, self.total, self.offset = x, rows, total, offset

    def spread(self, values: Array) -> Array:
        """Return values for all rows: those of the rows kept, and NaN for rows left out."""
        return spread(values, self.rows, self.total)
