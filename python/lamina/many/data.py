"""Rows of all data that ``fit`` takes: arrays, tables, lists, and structures of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina._arrays import is_array
from lamina.data.sources import source_of

Array = NDArray[Any]


def count_rows(who: str, name: str, value: Any) -> int:
    """Return the number of rows, which is the same in each array of a list or dict."""
    source = source_of(value)
    if source is not None:
        raise TypeError(
            f"{who}: {name} must be arrays, of which each fit takes the rows that it needs; got a "
            f"{source.kind}"
        )
    if isinstance(value, Mapping):
        if not value:
            raise ValueError(f"{who}: {name} must hold arrays; got an empty dict")
        return _same(who, name, {f"{name}[{key!r}]": each for key, each in value.items()})
    if _of_arrays(value):
        return _same(who, name, {f"{name}[{k}]": each for k, each in enumerate(value)})
    rows = getattr(value, "shape", None)
    if rows is not None:
        rows = rows[0] if len(rows) else None
    elif hasattr(value, "__len__") and not isinstance(value, (str, bytes)):
        rows = len(value)
    if rows is None:
        raise TypeError(f"{who}: {name} must be arrays with rows; got {type(value).__name__}")
    return int(rows)


def meant_rows(x: Any, y: Any) -> Any:
    """Return a list with an array for each row of ``y``, which ``fit`` accepts, as one array.

    The lengths of the arrays may differ.  Other data are returned unchanged.
    """
    if not _of_arrays(x) or y is None or isinstance(y, Mapping) or _of_arrays(y):
        return x
    shapes = {np.shape(each) for each in x}
    rows = np.shape(y)[0] if hasattr(y, "shape") else len(y)
    if len(x) != rows or all(shape[:1] == (rows,) for shape in shapes):
        return x
    if len(shapes) == 1:
        return np.stack([np.asarray(each) for each in x])
    found = np.empty(rows, dtype=object)
    for place, each in enumerate(x):
        found[place] = each
    return found


def _same(who: str, name: str, arrays: Mapping[str, Any]) -> int:
    counts = {
        each: count_rows(who, each, array) for each, array in arrays.items() if array is not None
    }
    if not counts:
        raise ValueError(f"{who}: {name} must hold arrays; got only None")
    if len(set(counts.values())) > 1:
        listed = ", ".join(f"{count} in {each}" for each, count in counts.items())
        raise ValueError(
            f"{who}: all arrays of {name} must have the same number of rows; got {listed}"
        )
    return next(iter(counts.values()))


def take(value: Any, rows: Array | None) -> Any:
    """Return some rows of arrays, or of each array of a list or dict; all rows if None."""
    if value is None or rows is None:
        return value
    if isinstance(value, Mapping):
        return {key: take(each, rows) for key, each in value.items()}
    if _of_arrays(value):
        return [take(each, rows) for each in value]
    if hasattr(value, "iloc"):  # pandas
        return value.iloc[rows]
    if isinstance(value, np.ndarray):
        return value[rows]
    if is_array(value) and hasattr(value, "__getitem__") and not hasattr(value, "column_names"):
        return value[rows]
    if hasattr(value, "take"):  # Arrow
        return value.take(rows)
    if isinstance(value, (list, tuple)):
        return [value[i] for i in rows]
    return np.asarray(value)[rows]


def _of_arrays(value: Any) -> bool:
    """Return whether a list holds an array for each input rather than one for each row."""
    if not isinstance(value, (list, tuple)) or not value:
        return False
    return all(is_array(each) or isinstance(each, Mapping) for each in value)


def described(value: Any) -> str:
    """Return a short description of a value: only type and shape for arrays and tables."""
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple):
        return f"{type(value).__name__} of shape {shape}"
    return f"{value!r:.80}"
