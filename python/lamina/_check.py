"""Checks at the edge: every message says who refuses, the rule, and the value got.

Arrays are converted here, once: to C-contiguous, aligned, native-endian NumPy arrays of the
model's dtype.  Nothing further in calls a caster.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lamina import _core

Array = NDArray[Any]
Shape = tuple[int, ...]
DType = Literal["float32", "float64"]

# More elements than this cannot be addressed as float64 with padding, as the engine counts:
# refused before anything is allocated.
MAX_ELEMENTS = sys.maxsize // 16


def integer(who: str, name: str, value: object, low: int = 1) -> int:
    """Return ``value`` as int; it must be an integer (no bool) not below ``low``."""
    if isinstance(value, (int, np.integer)) and not isinstance(value, (bool, np.bool_)):
        if value >= low:
            return int(value)
        rule = "a positive integer" if low == 1 else f"an integer >= {low}"
        raise ValueError(f"{who}: {name} must be {rule}; got {value}")
    rule = "a positive integer" if low == 1 else f"an integer >= {low}"
    raise TypeError(f"{who}: {name} must be {rule}; got {value!r}")


def number(
    who: str,
    name: str,
    value: object,
    low: float = -np.inf,
    high: float = np.inf,
    *,
    low_open: bool = False,
    high_open: bool = False,
) -> float:
    """Return ``value`` as float; it must be a finite number within the bounds."""
    real = isinstance(value, (int, float, np.integer, np.floating))
    if not real or isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{who}: {name} must be a number; got {value!r}")
    result = float(value)  # type: ignore[arg-type]
    above = result > low if low_open else result >= low
    below = result < high if high_open else result <= high
    if not (np.isfinite(result) and above and below):
        left, right = "(" if low_open else "[", ")" if high_open else "]"
        bounds = f"{left}{low:g}, {high:g}{right}"
        if low == -np.inf and high == np.inf:
            bounds = "the finite numbers"
        raise ValueError(f"{who}: {name} must be in {bounds}; got {value!r}")
    return result


def boolean(who: str, name: str, value: object) -> bool:
    """Return ``value`` as bool; it must be True or False."""
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    raise TypeError(f"{who}: {name} must be True or False; got {value!r}")


def shape(who: str, name: str, value: object, low: int = 1) -> Shape:
    """Return ``value`` (an int or a sequence of ints >= low) as a tuple."""
    if isinstance(value, (int, np.integer)):
        return (integer(who, name, value, low),)
    if isinstance(value, (str, bytes)) or not isinstance(value, (Sequence, np.ndarray)):
        raise TypeError(f"{who}: {name} must be a tuple of integers; got {value!r}")
    result = tuple(integer(who, f"{name}[{i}]", v, low) for i, v in enumerate(value))
    elements(who, name, result)
    return result


def elements(who: str, name: str, sizes: Sequence[int]) -> int:
    """Return the product of ``sizes``; more than memory can address is a ValueError."""
    product = 1
    for size in sizes:
        product *= size
    if product > MAX_ELEMENTS:
        raise ValueError(
            f"{who}: {name} {tuple(sizes)} has {product} elements, more than memory can address"
        )
    return product


def dtype(who: str, value: object) -> DType:
    """Return "float32" or "float64"; other dtypes are refused."""
    try:
        name = np.dtype(value).name if value is not None else ""  # type: ignore[call-overload]
    except TypeError:
        name = ""
    if name == "float32":
        return "float32"
    if name == "float64":
        return "float64"
    raise ValueError(f"{who}: dtype must be 'float32' or 'float64'; got {value!r}")


def numeric(who: str, name: str, value: object) -> Array:
    """Return ``value`` as an array of bools, integers or floats, without a copy if it is one."""
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(
            f"{who}: {name} is a masked array, whose mask would be lost; fill or drop the masked "
            f"values first"
        )
    if isinstance(value, np.ndarray):
        array: Array = np.asarray(value)
    elif value is None:
        raise TypeError(f"{who}: {name} is None; needs an array")
    else:
        try:
            array = np.asarray(value)
        except ValueError as error:  # a ragged list
            raise ValueError(f"{who}: {name} is not a rectangular array: {error}") from None
    if array.dtype.kind not in "biuf":
        hint = ""
        if array.dtype.kind == "O":
            hint = "; convert it first, for instance with np.asarray(data, dtype=float)"
        raise TypeError(
            f"{who}: {name} must hold numbers (bool, integer or float); got dtype "
            f"{array.dtype}{hint}"
        )
    return array


def floats(
    who: str, name: str, value: object, dtype: str, *, finite: bool = True, first_row: int = 0
) -> Array:
    """Return ``value`` as a C-contiguous aligned array of ``dtype``.

    With ``finite`` NaN and infinity are refused, and so is a finite number that becomes
    infinite in ``dtype``; the message names the row (counted from ``first_row``) and the column.
    """
    source = numeric(who, name, value)
    if source.dtype.kind == "f" and source.dtype.itemsize > 8:
        raise TypeError(
            f"{who}: {name} must hold at most float64; got {source.dtype}, which {dtype} would cut"
        )
    if source.dtype.kind in "iu":
        _exact_integers(who, name, source, dtype, first_row)
    with np.errstate(over="ignore"):
        array = np.require(source, dtype, ["C", "A"])
    if finite:
        first = _core.kernels.find_nonfinite(array)
        if first >= 0:
            raise ValueError(_nonfinite(who, name, value, source, array, first, first_row))
    return array


def integers(who: str, name: str, value: object, bound: tuple[str, int] | None = None) -> Array:
    """Return ``value`` as a C-contiguous aligned array of int32.

    Floats must be whole.  With a bound, (who says so, n), all must lie in [0, n); the message
    names the row and the position.
    """
    source = numeric(who, name, value)
    if source.dtype.kind == "f":
        bad = ~np.isfinite(source) | (source != np.floor(source))
        if bad.any():
            raise ValueError(f"{who}: {name} must hold whole numbers; {_at(source, bad)}")
    owner, low, high = who, -(2**31), 2**31
    rule = f"{name} must hold integers in [{low}, {high})"
    if bound is not None:
        owner, low, high = bound[0], 0, bound[1]
        rule = f"token ids must lie in [0, {high})"
    if source.size and (source.min() < low or source.max() >= high):
        raise ValueError(f"{owner}: {rule}; {_at(source, (source < low) | (source >= high))}")
    return np.require(source, np.int32, ["C", "A"])


def truths(who: str, name: str, value: object) -> Array:
    """Return ``value`` as a C-contiguous aligned array of bool, such as a mask.

    It must hold True and False; numbers must be 1 and 0.
    """
    source = numeric(who, name, value)
    if source.dtype.kind != "b":
        bad = (source != 0) & (source != 1)
        if bad.any():
            raise ValueError(
                f"{who}: {name} must hold True and False, or 1 and 0; {_at(source, bad)}"
            )
    return np.require(source, np.bool_, ["C", "A"])


def _at(values: Array, bad: Array) -> str:
    place = np.unravel_index(int(np.argmax(bad)), bad.shape)
    where = f" in row {int(place[0])}" if place else ""
    if len(place) > 1:
        where += f", position {', '.join(str(int(i)) for i in place[1:])}"
    return f"got {values[place].item()}{where}"


def _exact_integers(who: str, name: str, source: Array, dtype: str, first_row: int) -> None:
    # Integers beyond 2**24 (float32) or 2**53 (float64) are mostly between two floats: an
    # identifier, say, would become another one.
    digits = 24 if dtype == "float32" else 53
    if source.dtype.itemsize * 8 <= digits or source.size == 0:
        return
    low, high = int(source.min()), int(source.max())
    if max(high, -low) <= 2**digits:
        return
    size = np.where(source < 0, ~source, source).astype(np.uint64)
    size += (source < 0).astype(np.uint64)  # |x|, of the lowest integer too
    lowest_bit = size & (~size + np.uint64(1))
    lost = size // np.maximum(lowest_bit, np.uint64(1)) >= np.uint64(2**digits)
    if not lost.any():
        return
    place = np.unravel_index(int(np.argmax(lost)), lost.shape)
    row = f" in row {int(place[0]) + first_row}" if place else ""
    raise ValueError(
        f"{who}: {name} must hold integers that {dtype} holds exactly; got {source[place]}{row}"
    )


def _nonfinite(
    who: str, name: str, value: object, source: Array, array: Array, first: int, first_row: int
) -> str:
    place = np.unravel_index(first, array.shape)
    original = source[place] if source.shape == array.shape else array[place]
    where = f"row {place[0] + first_row}" if place else "its only element"
    if len(place) > 1:
        columns = getattr(value, "columns", None)
        label = ""
        if columns is not None and len(place) == 2 and len(columns) == array.shape[1]:
            label = f" ({columns[place[1]]!r})"
        column = ", ".join(str(int(i)) for i in place[1:])
        where += f", column {column}{label}"
    if np.isfinite(original):
        return (
            f"{who}: {name} must fit {array.dtype}; got {float(original):g} at {where}, "
            f"which becomes infinite"
        )
    return f"{who}: {name} must be finite; got {float(original)} at {where}"


def show_shape(shape: Sequence[int]) -> str:
    """Return a row's shape as users see it, with the row axis: ``(rows, 28, 28)``."""
    return f"(rows, {', '.join(str(s) for s in shape)})" if shape else "(rows,)"
