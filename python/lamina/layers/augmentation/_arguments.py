"""Arguments of augmentations: ranges to draw from, and ranges of pixels."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina import _check


def span(
    who: str, name: str, value: Any, low: float, high: float, *, low_open: bool = False
) -> tuple[float, float]:
    """Return the range of draws for a factor: two numbers, or one for both directions.

    One number f stands for ``(-f, f)``, limited to ``low``.
    """
    pair = isinstance(value, (tuple, list))
    if pair and len(value) != 2:
        raise ValueError(f"{who}: {name} must be a number or two; got {value!r}")
    ends = [
        _check.number(who, name, end, low, high, low_open=low_open)
        for end in (value if pair else (value,))
    ]
    if pair:
        return min(ends), max(ends)
    return max(-abs(ends[0]), low), abs(ends[0])


def plain(value: Any) -> Any:
    """Return a checked factor in the form in which a configuration holds it."""
    return tuple(map(float, value)) if isinstance(value, (tuple, list)) else float(value)


def checked(
    who: str, name: str, value: Any, low: float, high: float, *, low_open: bool = False
) -> Any:
    """Return a checked factor, one number or two."""
    span(who, name, value, low, high, low_open=low_open)
    return plain(value)


def either_way(value: Any) -> tuple[float, float]:
    """Return the range of a factor, where a single number f stands for (-f, f)."""
    low, high = sorted(value) if isinstance(value, (tuple, list)) else (-value, value)
    return low, high


def pixels(who: str, value: Any) -> tuple[float, float]:
    """Return the smallest and the largest pixel value."""
    if np.shape(value) != (2,):
        raise ValueError(f"{who}: value_range must be two numbers; got {value!r}")
    low, high = sorted(_check.number(who, "value_range", end) for end in value)
    if low == high:
        raise ValueError(f"{who}: value_range must be two different numbers; got {value!r}")
    return low, high
