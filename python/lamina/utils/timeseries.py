"""Windows over a time series."""

from __future__ import annotations

from typing import Any, overload

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray

from lamina import _check
from lamina._calls import answering_calls
from lamina.random import SHUFFLE, Stream, mix, next_seed, seed_value

Array = NDArray[Any]


@overload
def timeseries_windows(
    data: ArrayLike,
    targets: None,
    sequence_length: int,
    sequence_stride: int = 1,
    sampling_rate: int = 1,
    shuffle: bool = False,
    seed: int | None = None,
    start_index: int | None = None,
    end_index: int | None = None,
) -> Array: ...


@overload
def timeseries_windows(
    data: ArrayLike,
    targets: ArrayLike,
    sequence_length: int,
    sequence_stride: int = 1,
    sampling_rate: int = 1,
    shuffle: bool = False,
    seed: int | None = None,
    start_index: int | None = None,
    end_index: int | None = None,
) -> tuple[Array, Array]: ...


@answering_calls
def timeseries_windows(
    data: ArrayLike,
    targets: ArrayLike | None,
    sequence_length: int,
    sequence_stride: int = 1,
    sampling_rate: int = 1,
    shuffle: bool = False,
    seed: int | None = None,
    start_index: int | None = None,
    end_index: int | None = None,
) -> Array | tuple[Array, Array]:
    """Return windows over a time series, and their targets.

    Window i contains the steps ``start_index + i * sequence_stride + j * sampling_rate`` for j from
    0 to ``sequence_length - 1``; its target is that of its first step.  They are the windows of
    Keras's ``timeseries_dataset_from_array``, as arrays: batches are made by ``fit``.

    Parameters
    ----------
    data : array_like of shape (steps, ...)
        The series, oldest step first.
    targets : array_like of shape (n, ...), or None
        ``targets[t]`` belongs to the window that starts at step t.  To predict the step after a
        window of 5, pass ``data[5:]``.  Windows without a target are omitted.
    sequence_length : int
        Number of steps in a window.
    sequence_stride : int, default 1
        Number of steps between the starts of successive windows.
    sampling_rate : int, default 1
        Number of steps between successive elements of a window.
    shuffle : bool, default False
        Return windows in random order, drawn from `seed`; the order differs from Keras's.
    seed : int, optional
        Seed of the order; by default drawn from the sequence of ``set_random_seed``.
    start_index, end_index : int, optional
        Use only the steps from `start_index` up to but not including `end_index`.

    Returns
    -------
    ndarray or (ndarray, ndarray)
        `x` of shape (windows, sequence_length, ...), or `x` and `y` of shape (windows, ...).
        Unless shuffled they are read-only views that share the memory of `data` and `targets`;
        ``np.array(x)`` makes an independent copy.

    Raises
    ------
    ValueError
        If no window fits or has a target, or a size or an index is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina.utils import timeseries_windows
    >>> series = np.arange(10)
    >>> x, y = timeseries_windows(series, series[3:], sequence_length=3, sequence_stride=2)
    >>> x
    array([[0, 1, 2],
           [2, 3, 4],
           [4, 5, 6],
           [6, 7, 8]])
    >>> y
    array([3, 5, 7, 9])
    """
    who = "timeseries_windows"
    series = _check.series(who, "data", data)
    length = _check.integer(who, "sequence_length", sequence_length)
    stride = _check.integer(who, "sequence_stride", sequence_stride)
    rate = _check.integer(who, "sampling_rate", sampling_rate)
    mixed = _check.boolean(who, "shuffle", shuffle)
    start, end = _bounds(who, len(series), start_index, end_index)
    span = (length - 1) * rate + 1
    if end - start < span:
        raise ValueError(
            f"{who}: a window spans {span} steps (sequence_length {length}, sampling_rate "
            f"{rate}), more than the {end - start} steps given"
        )
    x = np.moveaxis(sliding_window_view(series[start:end], span, axis=0), -1, 1)[:, ::rate]
    if targets is None:
        x = x[::stride]
        return x if not mixed else x[_order(who, len(x), seed)]
    outcome = _check.series(who, "targets", targets)
    count = min(len(x), len(outcome) - start)
    if count < 1:
        raise ValueError(
            f"{who}: no window has a target: the first starts at step {start}; "
            f"got {len(outcome)} targets"
        )
    x, y = x[:count:stride], outcome[start : start + count : stride]
    if mixed:
        order = _order(who, len(x), seed)
        return x[order], y[order]
    y.flags.writeable = False
    return x, y


def _bounds(who: str, steps: int, start: int | None, end: int | None) -> tuple[int, int]:
    low = 0 if start is None else _check.integer(who, "start_index", start, 0)
    high = steps if end is None else _check.integer(who, "end_index", end)
    if low >= steps and start is not None:
        raise ValueError(f"{who}: start_index must be below the {steps} steps of data; got {low}")
    if high > steps:
        raise ValueError(f"{who}: end_index must be at most the {steps} steps of data; got {high}")
    if high <= low and end is not None:
        raise ValueError(f"{who}: end_index must be above start_index {low}; got {high}")
    return low, high


def _order(who: str, windows: int, seed: int | None) -> NDArray[np.int64]:
    root = next_seed() if seed is None else seed_value(who, seed)
    return Stream(mix(root, SHUFFLE)).permutation(windows)
