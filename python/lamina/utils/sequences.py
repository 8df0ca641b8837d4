"""Sequences of different lengths as one array."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from lamina import _check
from lamina._calls import answering_calls

Array = NDArray[Any]


@answering_calls
def pad_sequences(
    sequences: Sequence[ArrayLike] | Array,
    maxlen: int | None = None,
    dtype: DTypeLike = "int32",
    padding: str = "pre",
    truncating: str = "pre",
    value: float | str = 0.0,
) -> Array:
    """Return sequences as rows of one array, with short ones padded and long ones truncated.

    Parameters
    ----------
    sequences : sequence of sequences
        Each of shape (length,) or (length, ...), with the same axes after the first.
    maxlen : int, optional
        Length of the rows; by default that of the longest sequence.
    dtype : dtype_like, default "int32"
        The dtype of the result; ``object`` for strings of any length.
    padding : {"pre", "post"}
        Pad before or after the sequence.  Padding before it, the default, means that the last steps
        of a recurrent layer are real ones.
    truncating : {"pre", "post"}
        Truncate at the beginning or at the end.
    value : float or str, default 0
        The value used for padding.

    Returns
    -------
    ndarray of shape (len(sequences), maxlen, ...)

    Raises
    ------
    TypeError
        If something is not a sequence, or the padding value is a string and `dtype` is not.
    ValueError
        If `dtype` cannot represent a value exactly (integers and strings; Keras truncates them
        silently), shapes differ, or there is no sequence and no `maxlen`.

    Examples
    --------
    >>> from lamina.utils import pad_sequences
    >>> pad_sequences([[1], [2, 3], [4, 5, 6]])
    array([[0, 0, 1],
           [0, 2, 3],
           [4, 5, 6]], dtype=int32)
    >>> pad_sequences([[1], [2, 3], [4, 5, 6]], maxlen=2, padding="post", truncating="post")
    array([[1, 0],
           [2, 3],
           [4, 5]], dtype=int32)
    """
    who = "pad_sequences"
    for name, side in (("padding", padding), ("truncating", truncating)):
        if side not in ("pre", "post"):
            raise ValueError(f"{who}: {name} must be 'pre' or 'post'; got {side!r}")
    if isinstance(sequences, (str, bytes)) or not hasattr(sequences, "__len__"):
        raise TypeError(
            f"{who}: sequences must be a list of sequences; got {type(sequences).__name__}"
        )
    target = _target(who, dtype)
    rows = [_row(who, i, row, target) for i, row in enumerate(sequences)]
    length = _length(who, rows, maxlen)
    inner = next((row.shape[1:] for row in rows if len(row)), ())
    _check.elements(who, "result shape", (len(rows), length, *inner))
    result = np.full((len(rows), length, *inner), _fill(who, value, target), dtype=target)
    for i, row in enumerate(rows):
        if not len(row):
            continue
        if row.shape[1:] != inner:
            raise ValueError(
                f"{who}: sequences must have equal axes after the first; got shape {row.shape} "
                f"at {i}, and {inner} after the first axis before"
            )
        kept = row[-length:] if truncating == "pre" else row[:length]
        part = slice(0, len(kept)) if padding == "post" else slice(length - len(kept), length)
        result[i, part] = _exact(who, kept, target, f"sequences[{i}]")
    return result


def _target(who: str, dtype: DTypeLike) -> np.dtype[Any]:
    try:
        target = np.dtype(dtype)
    except TypeError:
        raise TypeError(f"{who}: dtype must be a NumPy dtype; got {dtype!r}") from None
    if dtype is None or target.kind not in "biufOUS":
        raise TypeError(f"{who}: dtype must hold numbers, strings or objects; got {dtype!r}")
    if target.itemsize == 0:
        raise TypeError(f"{who}: dtype must say how long its strings are, as 'U20'; got {dtype!r}")
    return target


def _row(who: str, i: int, row: Any, target: np.dtype[Any]) -> Array:
    scalar = isinstance(row, np.ndarray) and row.ndim == 0
    if scalar or isinstance(row, (str, bytes)) or not hasattr(row, "__len__"):
        raise TypeError(f"{who}: sequences[{i}] must be a sequence; got {row!r}")
    if target.kind == "O":
        if isinstance(row, np.ndarray):
            return row.astype(object)
        items: Array = np.empty(len(row), dtype=object)
        for k, item in enumerate(row):
            items[k] = item
        return items
    try:
        array = np.asarray(row)
    except ValueError as error:
        raise ValueError(f"{who}: sequences[{i}] is not a rectangular array: {error}") from None
    if len(array) and array.dtype.kind not in "biufUS":
        raise TypeError(f"{who}: sequences[{i}] must hold numbers or strings; got {array.dtype}")
    if len(array) and (array.dtype.kind in "US") != (target.kind in "US"):
        raise TypeError(
            f"{who}: sequences[{i}] holds {array.dtype}, which {target} cannot; "
            f"dtype=object takes strings of any length"
        )
    return array


def _length(who: str, rows: list[Array], maxlen: int | None) -> int:
    if maxlen is not None:
        return _check.integer(who, "maxlen", maxlen)
    if not rows:
        raise ValueError(f"{who}: no sequences given; maxlen is needed")
    return max(len(row) for row in rows)


def _fill(who: str, value: Any, target: np.dtype[Any]) -> Any:
    if target.kind == "O":
        return value
    if isinstance(value, (str, bytes)) != (target.kind in "US"):
        if target.kind in "US" and value == 0:  # the default, which does not apply to strings
            return np.zeros((), dtype=target)[()]
        raise TypeError(
            f"{who}: value must be of the kind of dtype {target}; got {value!r}. "
            f"dtype=object takes strings of any length"
        )
    return _exact(who, np.asarray(value), target, "value")[()]


def _exact(who: str, source: Array, target: np.dtype[Any], name: str) -> Array:
    """Return ``source`` cast to ``target``; values that would change are rejected."""
    if source.dtype == target or target.kind == "O":
        return source
    with np.errstate(all="ignore"):
        cast = source.astype(target)
        if target.kind == "f" and source.dtype.kind == "f":
            # Rounding is normal for a float type; a finite number that becomes infinite is not.
            lost = np.isfinite(source) & ~np.isfinite(cast)
        else:
            lost = (cast.astype(source.dtype) != source) | _sign_lost(source, cast)
    if lost.any():
        first = int(np.argmax(lost))
        where = f" at {first}" if source.ndim else ""
        raise ValueError(
            f"{who}: {name} must hold values that {target} holds exactly; "
            f"got {source.flat[first]!s}{where}"
        )
    return cast


def _sign_lost(source: Array, cast: Array) -> NDArray[np.bool_]:
    # A round trip between signed and unsigned types wraps back to the initial value.
    if source.dtype.kind in "US":
        return np.zeros(source.shape, dtype=np.bool_)
    return np.asarray((source < 0) != (cast < 0), dtype=np.bool_)
