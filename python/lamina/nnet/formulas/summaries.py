"""Functions of a whole variable in formulas: a mean, quantiles, intervals of equal width.

Predictions use the values from the rows of the fit; R calculates means and the like again there.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.nnet.formulas.factors import labelled
from lamina.nnet.formulas.variables import Variable
from lamina.nnet.formulas.vectors import listed, numbers

Array = NDArray[Any]
State = dict[str, Any]
Function = Callable[..., Any]


OF_ONE: dict[str, Function] = {
    "mean": np.mean, "median": np.median, "sd": lambda x: np.std(x, ddof=1),
    "var": lambda x: np.var(x, ddof=1), "length": len,
    "IQR": lambda x: np.subtract(*np.quantile(x, [0.75, 0.25])),
    "mad": lambda x: 1.4826 * np.median(np.abs(x - np.median(x))),
}  # fmt: skip
OF_SEVERAL: dict[str, Function] = {
    "min": np.min, "max": np.max, "sum": np.sum, "prod": np.prod,
    "range": lambda x: np.array([np.min(x), np.max(x)]),
}  # fmt: skip


def of_one(function: Function) -> Function:
    """Return a function of a variable that keeps its first value."""

    def kept(x: Any, *, na_rm: bool = False, _state: State | None = None) -> Any:
        return _kept(_state, function, [x], na_rm)

    return kept


def of_several(function: Function) -> Function:
    """Return a function of all values of some variables that keeps its first value."""

    def kept(x: Any, *more: Any, na_rm: bool = False, _state: State | None = None) -> Any:
        return _kept(_state, function, [x, *more], na_rm)

    return kept


def quantile(
    x: Any,
    probs: Any = (0.0, 0.25, 0.5, 0.75, 1.0),
    na_rm: bool = False,
    _state: State | None = None,
) -> Any:
    """Return quantiles of a variable in the training rows."""
    return _kept(_state, lambda known: np.quantile(known, probs), [x], na_rm)


def _kept(state: State | None, function: Function, parts: list[Any], na_rm: bool) -> Any:
    """Return a function's value: the kept one if there is one."""
    state = {} if state is None else state
    if "value" not in state:
        values = np.concatenate([np.ravel(numbers(part)) for part in parts])
        state["value"] = function(values[~np.isnan(values)] if na_rm else values)
    return state["value"]


def cut(
    x: Any,
    breaks: Any,
    labels: Any = None,
    include_lowest: bool = False,
    right: bool = True,
    dig_lab: int = 3,
    ordered_result: bool = False,
    _state: State | None = None,
) -> Any:
    """Return numbers as a factor of intervals between breaks, or of a number of equal intervals."""
    state = {} if _state is None else _state
    x = numbers(x)
    if "breaks" not in state:
        state["breaks"] = _breaks(x, breaks)
    ends = state["breaks"]
    codes = np.searchsorted(ends, x, "left" if right else "right") - 1
    edge = ends[0] if right else ends[-1]
    if include_lowest:
        codes[x == edge] = 0 if right else len(ends) - 2
    codes[(codes >= len(ends) - 1) | np.isnan(x)] = -1
    if labels is False:
        return np.where(codes < 0, np.nan, codes + 1.0)
    names = _labels(ends, include_lowest, right, int(dig_lab)) if labels is None else listed(labels)
    if len(names) != len(ends) - 1:
        raise ValueError(f"labels must be one for each of {len(ends) - 1} intervals; got {labels}")
    made = Variable("factor", codes, levels=tuple(range(len(names))), ordered=bool(ordered_result))
    return labelled(made, names)


def _breaks(x: Array, breaks: Any) -> Array:
    given = np.atleast_1d(numbers(breaks))
    if len(given) > 1:
        if len(np.unique(given)) < len(given):
            raise ValueError(f"breaks of cut must differ; got {given.tolist()}")
        return np.sort(given)
    if not given[0] >= 2:
        raise ValueError(f"breaks of cut must be 2 or more intervals; got {breaks}")
    low, high = np.nanmin(x), np.nanmax(x)
    width = (high - low) or abs(low) or 1.0
    ends = np.linspace(low, high, int(given[0]) + 1)
    if low == high:
        return np.linspace(low - width / 1000, high + width / 1000, int(given[0]) + 1)
    ends[[0, -1]] = low - width / 1000, high + width / 1000
    return ends


def _labels(ends: Array, include_lowest: bool, right: bool, digits: int) -> list[str]:
    """Return the intervals' names, with enough digits to distinguish the breaks."""
    for most in range(digits, max(12, digits) + 1):
        shown = [_end(end, most) for end in ends]
        if all(a != b for a, b in pairwise(shown)):
            break
    else:
        return [f"Range_{i + 1}" for i in range(len(ends) - 1)]
    left, close = "(]" if right else "[)"
    names = [f"{left}{a},{b}{close}" for a, b in pairwise(shown)]
    if include_lowest and right:
        names[0] = f"[{names[0][1:]}"
    elif include_lowest:
        names[-1] = f"{names[-1][:-1]}]"
    return names


def _end(end: float, digits: int) -> str:
    """Return a break as R's ``formatC`` writes it: infinity has room for a sign."""
    if np.isinf(end):
        return " Inf" if end > 0 else "-Inf"
    return f"{end + 0.0:.{digits}g}"
