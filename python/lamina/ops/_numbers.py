"""Arguments that are numbers, or several of them, with errors that name the caller."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from lamina import _check
from lamina._tensors.tensor import Tensor


def integer(who: str, name: str, value: Any, low: int | None = None) -> int:
    """Return an integer of at least ``low``."""
    if isinstance(value, Tensor):
        return operator.index(value)  # raises with a reason
    rule = {None: "an integer", 0: "an integer, not negative", 1: "a positive integer"}
    try:
        result = operator.index(value)
    except TypeError:
        needed = rule.get(low, f"an integer, at least {low}")
        raise TypeError(f"{who}: {name} must be {needed}; got {value!r}") from None
    if low is not None and result < low:
        needed = rule.get(low, f"at least {low}")
        raise ValueError(f"{who}: {name} must be {needed}; got {value!r}")
    return result


def integers(who: str, name: str, values: Any) -> list[int]:
    """Return the integers in a list, a tuple or an array, or a single one."""
    several = isinstance(values, (list, tuple)) or (isinstance(values, np.ndarray) and values.ndim)
    listed = list(values) if several else [values]
    try:
        return [operator.index(value) for value in listed]
    except TypeError:
        raise TypeError(f"{who}: {name} must be made of integers; got {values!r}") from None


def number(who: str, name: str, value: Any) -> float:
    """Return a finite number."""
    return _check.number(who, name, _alone(value))


def real(who: str, name: str, value: Any) -> float:
    """Return a number, which may be infinite or NaN."""
    if isinstance(value, Tensor):
        return float(value)  # raises with a reason
    try:
        if not isinstance(value, (str, bytes)):
            return float(value)
    except (TypeError, ValueError):
        pass
    raise TypeError(f"{who}: {name} must be a number; got {value!r}")


def positive(who: str, name: str, value: Any) -> float:
    """Return a finite number above 0."""
    result = number(who, name, value)
    if not result > 0:
        raise ValueError(f"{who}: {name} must be a positive number; got {value!r}")
    return result


def _alone(value: Any) -> Any:
    """Return the number in an array without axes, as returned by operations."""
    return value[()] if isinstance(value, np.ndarray) and value.ndim == 0 else value
