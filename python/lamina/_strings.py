"""Users' strings as NumPy arrays: lists, columns of tables, series, bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from lamina import _core
from lamina._no_numbers import MISSING, STRINGS

Array = NDArray[Any]

STRING_NAMES = ("string", "str")  # values of dtype= for strings


def is_string_dtype(dtype: object) -> bool:
    """Return whether ``dtype=`` is for strings; it may be a type of TensorFlow's."""
    name = getattr(dtype, "name", dtype)
    return dtype is str or (isinstance(name, str) and name in STRING_NAMES)


def plain_array(value: Any) -> Array:
    """Return a value as an array, of objects if it holds strings; it may be a series or a table.

    Rows of unequal length also become objects: ``as_strings`` rejects them.
    """
    if isinstance(value, np.ndarray):
        return value
    if hasattr(value, "to_numpy"):  # pandas, polars, Arrow; categories become their values
        return np.asarray(value.to_numpy())
    texts = isinstance(_first_leaf(value), (str, bytes)) or _first_leaf(value) is None
    return np.asarray(value, dtype=object) if texts else np.asarray(value)


def _first_leaf(value: Any) -> Any:
    while isinstance(value, (list, tuple)):
        value = value[0] if value else ""
    return value


def holds_strings(array: Array) -> bool:
    """Return whether an array holds strings, or objects that are strings."""
    if array.dtype.kind in STRINGS:
        return True
    if array.dtype.kind != "O":
        return False
    first = next((v for v in array.ravel().tolist() if not is_missing(v)), None)
    return isinstance(first, (str, bytes)) or (first is None and array.size > 0)


def is_missing(value: object) -> bool:
    """Return whether a value is missing: None, NaN, pandas.NA, NaT."""
    if type(value).__name__ in (*MISSING, "NaTType"):
        return True
    return isinstance(value, float) and value != value  # noqa: PLR0124


def refuse_missing(who: str, rule: str, labels: Iterable[Any]) -> None:
    """Raise ValueError for the first missing label; ``rule`` says what each row must have."""
    for row, label in enumerate(labels):
        if is_missing(label):
            raise ValueError(f"{who}: {rule} for each row; row {row} has {label!r}: omit it")


def as_strings(who: str, name: str, value: Any, encoding: str = "utf-8") -> Array:
    """Return strings of any type as an array of Python strings of the same shape.

    Raises
    ------
    TypeError
        If a value is not a string; the message describes it and names the row.
    ValueError
        If a value is missing, or rows have unequal length.
    """
    array = plain_array(value)
    kind = array.dtype.kind
    if kind in STRINGS:
        objects = array.astype(object)
        return _decoded(who, name, objects, encoding) if kind == "S" else objects
    if kind != "O" and array.size:
        raise TypeError(f"{who}: {name} must hold strings; got dtype {array.dtype}")
    listed = array.ravel().tolist()
    kinds = set(map(type, listed))
    if kinds <= {str}:
        return array.astype(object, copy=False)
    odd = next((i for i, v in enumerate(listed) if not isinstance(v, (str, bytes))), None)
    if odd is not None:
        _refuse(who, name, array, odd)
    return _decoded(who, name, array, encoding)


def _decoded(who: str, name: str, array: Array, encoding: str) -> Array:
    try:
        listed = [
            v.decode(encoding) if isinstance(v, bytes) else str(v) for v in array.ravel().tolist()
        ]
    except UnicodeDecodeError as error:
        raise ValueError(f"{who}: {name} must be text in {encoding}; {error}") from None
    return of_objects(listed, array.shape)


def of_objects(listed: Sequence[Any], shape: tuple[int, ...]) -> Array:
    """Return an array of objects."""
    made = np.empty(len(listed), dtype=object)
    made[:] = listed
    return made.reshape(shape)


def _refuse(who: str, name: str, array: Array, place: int) -> NoReturn:
    value = array.ravel()[place]
    row = f" in row {place // max(1, array.size // len(array))}" if array.ndim else ""
    if is_missing(value):
        raise ValueError(
            f"{who}: {name} must hold strings; got a missing value{row}; fill it first, as "
            f"layers.FillMissing(of='category') and tables.TableModel do"
        )
    if isinstance(value, (list, tuple, np.ndarray)):
        raise ValueError(
            f"{who}: {name} must have rows of equal length; got {len(value)} strings{row}, another "
            f"number elsewhere"
        )
    raise TypeError(
        f"{who}: {name} must hold strings; got {value!r:.40} ({type(value).__name__}){row}"
    )


# --- hashes


def hashed(strings: Sequence[str], salt: Sequence[int] | None = None) -> Array:
    """Return the 64-bit hash of each string: FarmHash's fingerprint, or SipHash under a salt."""
    encoded = [s.encode("utf-8", "surrogateescape") for s in strings]
    ends = np.cumsum([len(s) for s in encoded], dtype=np.int64)
    key = None if salt is None else (int(salt[0]), int(salt[1]))
    return np.asarray(_core.kernels.hash_strings(b"".join(encoded), ends, key))


def of_unique(array: Array, function: Callable[[list[Any]], Any]) -> Array:
    """Return ``function`` of the elements, called once for each distinct one."""
    listed = array.ravel().tolist()
    places = {value: i for i, value in enumerate(dict.fromkeys(listed))}
    values = np.asarray(function(list(places)))
    if not listed:
        return values.reshape(array.shape)
    chosen = values[np.fromiter(map(places.__getitem__, listed), np.intp, len(listed))]
    return np.asarray(chosen).reshape(array.shape)


def buckets(array: Array, count: int, salt: Sequence[int] | None = None) -> Array:
    """Return the hash of each string, or of each integer in decimal, modulo ``count``."""
    return of_unique(
        array, lambda each: (hashed([*map(str, each)], salt) % np.uint64(count)).astype(np.int64)
    )


def check_salt(who: str, salt: Any) -> list[int] | None:
    """Return a salt as two integers, or None; a single integer is used twice."""
    if salt is None:
        return None
    both = [salt, salt] if isinstance(salt, (int, np.integer)) else salt
    if (
        isinstance(salt, bool)
        or not isinstance(both, (list, tuple))
        or len(both) != 2
        or not all(isinstance(k, (int, np.integer)) and 0 <= k < 2**64 for k in both)
    ):
        raise ValueError(
            f"{who}: salt must be an integer from 0 to 2**64 - 1, or two of them; got {salt!r}"
        )
    return [int(k) for k in both]
