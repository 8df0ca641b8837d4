"""Checks of arguments: every message names the function, the rule, and the value.

Arrays are converted here, once: to C-contiguous, aligned, native-endian NumPy arrays of the model's
dtype.  No code further inside converts them again.
"""

from __future__ import annotations

import functools
import math
import os
import sys
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray

from lamina import _core
from lamina._arrays import as_numbers, column_names, titled

Array = NDArray[Any]
Shape = tuple[int, ...]
DType = Literal["float32", "float64"]

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

# More elements than this cannot be addressed as float64 with padding, as the engine counts:
# rejected before anything is allocated.
MAX_ELEMENTS = sys.maxsize // 16
# The default of required data: None is reported when the data are checked.
NEEDED: Any = None
# The allowed range of a factor in a model of either dtype.
LARGEST = float(np.finfo(np.float32).max)


def integer(who: str, name: str, value: object, low: int = 1) -> int:
    """Return ``value`` as int; it must be an integer (no bool) not below ``low``."""
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, (bool, np.bool_))
    if whole and value >= low:  # type: ignore[operator]
        return int(value)  # type: ignore[call-overload, no-any-return]
    rule = "a positive integer" if low == 1 else f"an integer >= {low}"
    if low <= -MAX_ELEMENTS:  # any that counts something
        rule = "an integer"
    raise (ValueError if whole else TypeError)(f"{who}: {name} must be {rule}; got {value!r}")


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
    try:
        result = float(value)  # type: ignore[arg-type]
    except OverflowError:  # an integer beyond float64
        result = math.inf
    above = result > low if low_open else result >= low
    below = result < high if high_open else result <= high
    if not (np.isfinite(result) and above and below):
        left, right = "(" if low_open else "[", ")" if high_open else "]"
        rule = f"in {left}{low:g}, {high:g}{right}"
        if high == np.inf:
            rule = f"finite and {'>' if low_open else '>='} {low:g}"
        if high == np.inf and low == -np.inf:
            rule = "in the finite numbers"
        raise ValueError(f"{who}: {name} must be {rule}; got {value!r}")
    return result


def fits(who: str, name: str, value: float, dtype: Any, *, zero: bool = True) -> None:
    """Reject a finite number that is infinite in ``dtype``; without ``zero`` also one that is 0."""
    if value == 0.0 or 1e-37 < abs(value) < 1e38:  # fits any dtype, without calling NumPy
        return
    with np.errstate(all="ignore"):
        there = float(np.dtype(dtype).type(value))
    if np.isinf(there) and np.isfinite(value):
        became = "infinite"
    elif there == 0.0 and value != 0.0 and not zero:
        became = "0"
    else:
        return
    raise ValueError(
        f"{who}: {name} must fit {np.dtype(dtype)}; got {value!r}, which becomes {became}"
    )


def boolean(who: str, name: str, value: object, *, numbers: bool = False) -> bool:
    """Return ``value`` as bool; it must be True or False, with ``numbers`` also 1 or 0."""
    if value is True or value is False:
        return value
    if isinstance(value, np.bool_):
        return bool(value)
    if numbers and isinstance(value, (int, np.integer)) and value in (0, 1):
        return bool(value)
    rule = "True, False, 1 or 0" if numbers else "True or False"
    raise TypeError(f"{who}: {name} must be {rule}; got {value!r:.100}")


def path(who: str, name: str, value: object) -> Path:
    """Return ``value``, a string or a path-like object, as a path."""
    if isinstance(value, (str, os.PathLike)):
        return Path(value)
    raise TypeError(f"{who}: {name} must be a string or a path; got {value!r}")


def shape(who: str, name: str, value: object, low: int = 1) -> Shape:
    """Return ``value`` (an int or a sequence of ints >= low) as a tuple."""
    if isinstance(value, (int, np.integer)):
        return (integer(who, name, value, low),)
    if isinstance(value, (str, bytes)) or not isinstance(value, (Sequence, np.ndarray)):
        raise TypeError(f"{who}: {name} must be a tuple of integers; got {value!r}")
    result = tuple(integer(who, f"{name}[{i}]", v, low) for i, v in enumerate(value))
    elements(who, name, result)
    return result


def open_shape(who: str, name: str, value: object) -> tuple[Any, ...]:
    """Return ``value`` as a tuple whose sizes may be None, for any length."""
    if not isinstance(value, (list, tuple)) or None not in value:
        return shape(who, name, value)
    known = iter(shape(who, name, [size for size in value if size is not None]))
    return tuple(None if size is None else next(known) for size in value)


def fits_shape(got: Sequence[Any], needed: Sequence[Any]) -> bool:
    """Return whether a shape matches another, in which None matches any size."""
    return len(got) == len(needed) and all(
        n is None or n == g for g, n in zip(got, needed, strict=True)
    )


def elements(who: str, name: str, sizes: Sequence[int]) -> int:
    """Return the product of ``sizes``; ValueError if it is more than memory can address."""
    product = 1
    for size in sizes:
        product *= size
    if product > MAX_ELEMENTS:
        raise ValueError(
            f"{who}: {name} {tuple(sizes)} has {product} elements, more than memory can address"
        )
    return product


def numpys(dtype: Any) -> Any:
    """Return a type as NumPy takes it: TensorFlow's and PyTorch's go by its names."""
    if isinstance(dtype, np.dtype) and dtype.kind in "SUV":
        return dtype  # NumPy does not read its own names of these, such as "str96"
    name = getattr(dtype, "name", None)
    if isinstance(name, str):
        return name
    module = type(dtype).__module__
    return str(dtype).rpartition(".")[2] if module == "torch" else dtype


def dtype(who: str, value: object) -> DType:
    """Return "float32" or "float64"; other dtypes are rejected."""
    if type(value) is str and value in ("float32", "float64"):
        return value  # type: ignore[return-value]
    try:
        name = np.dtype(numpys(value)).name if value is not None else ""
    except TypeError:
        name = ""
    if name == "float32":
        return "float32"
    if name == "float64":
        return "float64"
    raise ValueError(f"{who}: dtype must be 'float32' or 'float64'; got {value!r}")


def numeric(who: str, name: str, value: object) -> Array:
    """Return ``value`` as an array of bools, integers or floats, without a copy if it is one."""
    return as_numbers(who, name, value)


def series(who: str, name: str, value: object) -> Array:
    """Return ``value`` as a numeric array with at least one axis, that of the steps."""
    array = numeric(who, name, value)
    if array.ndim == 0:
        raise ValueError(f"{who}: {name} must have at least one axis, the steps; got a number")
    return array


def choice(who: str, name: str, value: Any, known: Collection[str]) -> str:
    """Return ``value``, which must be one of the strings ``known``."""
    if not isinstance(value, str) or value not in known:
        shown = ", ".join(map(repr, known))
        rule = shown if len(known) == 1 else f"one of {shown}"
        raise ValueError(f"{who}: {name} must be {rule}; got {value!r:.100}")
    return value


def names(
    who: str, name: str, value: Any, count: int | None = None, *, different: bool = False
) -> list[str]:
    """Return ``value``, a sequence of a given number of names, as strings."""
    if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Iterable):
        raise TypeError(f"{who}: {name} must be a list of names; got {value!r:.80}")
    found = [str(each) for each in value]
    if count is not None and len(found) != count:
        raise ValueError(f"{who}: {name} must have {count} names; got {len(found)}")
    if different and len(set(found)) < len(found):
        twice = next(each for each in found if found.count(each) > 1)
        raise ValueError(f"{who}: {name} must differ from each other; {twice!r} occurs twice")
    return found


def quiet(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Make the package's own arithmetic independent of ``numpy.seterr``.

    The setting belongs to a thread or context: that of the caller does not apply within the
    function, and is restored afterwards.
    """

    @functools.wraps(function)
    def wrapper(*args: Arguments.args, **options: Arguments.kwargs) -> Result:
        with np.errstate(all="ignore"):
            return function(*args, **options)

    return wrapper


def cast(array: Array, dtype: Any) -> Array:
    """Return a C-contiguous aligned array of ``dtype``, independent of ``numpy.seterr``.

    Numbers below the dtype's smallest become 0, those above its largest infinite.
    """
    with np.errstate(all="ignore"):
        return np.require(array, dtype, ["C", "A"])


def floats(
    who: str,
    name: str,
    value: object,
    dtype: str,
    *,
    finite: bool = True,
    first_row: int = 0,
    columns: Sequence[Any] | None = None,
    of_row: bool = False,
    rows: Array | None = None,
) -> Array:
    """Return ``value`` as a C-contiguous aligned array of ``dtype``.

    With ``finite``, NaN and infinity are rejected, and also finite numbers that become infinite in
    ``dtype``; the message names the row (counted from ``first_row``, or from the numbers ``rows``)
    and the column, also by ``columns`` or a table's own names; or the position, if ``value`` is a
    single row.
    """
    source = numeric(who, name, value)
    if source.dtype.kind == "f" and source.dtype.itemsize > 8:
        raise TypeError(
            f"{who}: {name} must hold at most float64; got {source.dtype}, which {dtype} would cut"
        )
    array = cast(source, dtype)
    if finite:
        first = _core.kernels.find_nonfinite(array)
        if first >= 0:
            names = column_names(value) if columns is None else columns
            where = _place(array.shape, first, first_row, names, of_row=of_row, rows=rows)
            text = _nonfinite(who, name, source, array, first, where)
            of_table = names is not None and name.partition("[")[0] in ("x", "data")
            if of_table and np.isnan(array.flat[first]):
                text += "; layers.FillMissing and tables.TableModel fill what is missing"
            raise ValueError(text)
    return array


def not_overflowing(who: str, name: str, source: Array, array: Array) -> None:
    """Reject finite numbers of ``source`` that are infinite in ``array``, the result of a cast.

    NaN and infinity themselves are allowed, as some arrays may contain them.
    """
    if _core.kernels.find_nonfinite(array) < 0:
        return
    lost = np.isinf(array) & np.isfinite(source)
    if lost.any():
        first = int(np.argmax(lost))
        raise ValueError(_nonfinite(who, name, source, array, first, _place(array.shape, first)))


def integers(
    who: str,
    name: str,
    value: object,
    bound: tuple[str, int] | None = None,
    *,
    of_row: bool = False,
    rows: Array | None = None,
) -> Array:
    """Return ``value`` as a C-contiguous aligned array of int32.

    Floats must be integers.  With a bound, (its owner, n), all values must be in [0, n); the
    message names the row and the position, or only the position if ``value`` is a single row.
    """
    source = numeric(who, name, value)
    if source.dtype.kind == "f":
        bad = ~np.isfinite(source) | (source != np.floor(source))
        if bad.any():
            raise ValueError(
                f"{who}: {name} must hold whole numbers; {_at(source, bad, of_row, rows)}"
            )
    owner, low, high = who, -(2**31), 2**31
    rule = f"{name} must hold integers in [{low}, {high})"
    if bound is not None:
        owner, low, high = bound[0], 0, bound[1]
        rule = f"token ids must lie in [0, {high})"
    if source.size and (source.min() < low or source.max() >= high):
        outside = (source < low) | (source >= high)
        raise ValueError(f"{owner}: {rule}; {_at(source, outside, of_row, rows)}")
    return cast(source, np.int32)


def truths(
    who: str,
    name: str,
    value: object,
    *,
    of_row: bool = False,
    rows: Array | None = None,
) -> Array:
    """Return ``value`` as a C-contiguous aligned array of bool, such as a mask.

    It must hold True and False; numbers must be 1 and 0.
    """
    source = numeric(who, name, value)
    if source.dtype.kind != "b":
        bad = (source != 0) & (source != 1)
        if bad.any():
            raise ValueError(
                f"{who}: {name} must hold True and False, or 1 and 0; "
                f"{_at(source, bad, of_row, rows)}"
            )
    return cast(source, np.bool_)


def _at(values: Array, bad: Array, of_row: bool, rows: Array | None = None) -> str:
    place = np.unravel_index(int(np.argmax(bad)), bad.shape)
    if of_row and place:
        return f"got {values[place].item()} at position {_listed(place)}"
    where = ""
    if place:
        where = f" in row {int(place[0] if rows is None else rows[place[0]])}"
    if len(place) > 1:
        where += f", position {_listed(place[1:])}"
    return f"got {values[place].item()}{where}"


def _listed(place: Sequence[Any]) -> str:
    return ", ".join(str(int(i)) for i in place)


def _place(
    shape: Shape,
    first: int,
    first_row: int = 0,
    columns: Sequence[Any] | None = None,
    *,
    of_row: bool = False,
    rows: Array | None = None,
) -> str:
    place = np.unravel_index(first, shape)
    if of_row and place:
        return f"position {_listed(place)}"
    where = "its only element"
    if place:
        where = f"row {place[0] + first_row if rows is None else rows[place[0]]}"
    if len(place) > 1:
        named = columns is not None and len(place) == 2 and len(columns) == shape[1]
        label = titled(columns, int(place[1])) if named else ""
        where += f", column {_listed(place[1:])}{label}"
    return where


def _nonfinite(who: str, name: str, source: Array, array: Array, first: int, where: str) -> str:
    place = np.unravel_index(first, array.shape)
    original = source[place] if source.shape == array.shape else array[place]
    if np.isfinite(original):
        return (
            f"{who}: {name} must fit {array.dtype}; got {float(original):g} at {where}, "
            f"which becomes infinite"
        )
    return f"{who}: {name} must be finite; got {float(original)} at {where}"


def show_shape(shape: Sequence[int], rows: int | None = None) -> str:
    """Return a row's shape as users see it, with the axis of rows: ``(rows, 28, 28)``."""
    first = rows or "rows"
    return f"({first}, {', '.join(str(s) for s in shape)})" if shape else f"({first},)"
