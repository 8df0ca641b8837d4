"""Windows over a time series, taken batch by batch."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lamina import _check
from lamina._calls import answering_calls
from lamina._check import Array
from lamina.data.dataset import Dataset
from lamina.data.stages import Rows


@answering_calls
def timeseries_dataset_from_array(
    data: ArrayLike,
    targets: ArrayLike | None,
    sequence_length: int,
    sequence_stride: int = 1,
    sampling_rate: int = 1,
    batch_size: int | None = 128,
    shuffle: bool = False,
    seed: int | None = None,
    start_index: int | None = None,
    end_index: int | None = None,
    format: str = "tf",  # noqa: A002
) -> Dataset:
    """Return a data set of windows over a time series, with their targets.

    Window i contains the steps ``i * sequence_stride + j * sampling_rate`` for j from 0 to
    ``sequence_length - 1``, counted from ``start_index``; its target is that of its first step.
    Windows are copied when their batch is made, so the series is in memory only once.

    Parameters
    ----------
    data : array_like of shape (steps, ...)
        The series, oldest step first.
    targets : array_like of shape (n, ...), or None
        ``targets[t]`` belongs to the window that starts at step t; without targets an element is x
        alone.  Windows without a target are omitted.
    sequence_length : int
        Number of steps in a window.
    sequence_stride : int, default 1
        Number of steps between the starts of successive windows.
    sampling_rate : int, default 1
        Number of steps between successive elements of a window.
    batch_size : int or None, default 128
        Number of windows in a batch; None for single windows.
    shuffle : bool, default False
        Draw a new order of all windows each time.
    seed : int, optional
        Seed of the order; by default drawn from the sequence of ``set_random_seed``.
    start_index, end_index : int, optional
        Use only the steps from `start_index` up to but not including `end_index`.
    format : {"tf", "grain"}
        Ignored: there is one kind of data set.

    Returns
    -------
    lamina.data.Dataset
        With elements ``(x, y)``, x of shape (batch, sequence_length, ...) and y of shape (batch,
        ...).

    Raises
    ------
    ValueError
        If no window fits or has a target.

    Examples
    --------
    >>> import numpy as np, lamina
    >>> series = np.arange(10)
    >>> data = lamina.utils.timeseries_dataset_from_array(series, series[3:], sequence_length=3,
    ...                                                   batch_size=4)
    >>> for x, y in data.take(1):
    ...     print(x.numpy().tolist(), y.numpy())
    [[0, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 5]] [3 4 5 6]
    """
    who = "timeseries_dataset_from_array"
    length = _check.integer(who, "sequence_length", sequence_length)
    stride = _check.integer(who, "sequence_stride", sequence_stride)
    rate = _check.integer(who, "sampling_rate", sampling_rate)
    mixed = _check.boolean(who, "shuffle", shuffle)
    if format not in ("tf", "grain"):
        raise ValueError(f"{who}: format must be 'tf' or 'grain'; got {format!r}")
    series = _check.series(who, "data", data)
    start, end = _bounds(who, len(series), start_index, end_index)
    series = series[start:end]
    starts = len(series) - (length - 1) * rate
    if starts < 1:
        raise ValueError(
            f"{who}: a window spans {(length - 1) * rate + 1} steps (sequence_length {length}, "
            f"sampling_rate {rate}), more than the {len(series)} steps given"
        )
    outcome = None
    if targets is not None:
        outcome = _check.series(who, "targets", targets)[start:end]
        starts = min(starts, len(outcome))
        if starts < 1:
            raise ValueError(f"{who}: no window has a target: the first starts at step {start}")
    steps = np.arange(length) * rate

    def take(windows: Array) -> Any:
        first = windows * stride
        x = series[first[:, None] + steps]
        return x if outcome is None else (x, outcome[first])

    windows = Dataset(Rows(take, -(-starts // stride)))
    if mixed:
        windows = windows.shuffle(len(windows), seed)
    return windows if batch_size is None else windows.batch(batch_size)


def _bounds(who: str, steps: int, start: int | None, end: int | None) -> tuple[int, int]:
    low = 0 if start is None else _check.integer(who, "start_index", start, 0)
    if low >= steps:
        raise ValueError(f"{who}: start_index must be below the {steps} steps of data; got {low}")
    high = steps
    if end is not None:
        high = min(_check.integer(who, "end_index", end, -steps), steps)
        high = high if high >= 0 else steps + high
    if high <= low:
        raise ValueError(f"{who}: end_index must be above start_index {low}; got {end}")
    return low, high
