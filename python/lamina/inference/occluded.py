"""Occlusion: how much an output falls when a part of an image or a series is covered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina import _check
from lamina._arrays import as_numbers
from lamina._calls import answering_calls
from lamina.inference.attributions import Attribution, as_rows, explained

Array = NDArray[Any]

WHO = "occlusion"
MEAN = "mean"


@answering_calls
def occlusion(
    model: Any,
    x: Any,
    output: Any = None,
    *,
    size: int | Sequence[int] = 4,
    stride: int | Sequence[int] | None = None,
    value: float | str | Any = 0.0,
) -> Attribution:
    """Return how much an output falls when windows of the rows are covered.

    Parameters
    ----------
    model : Model, fitted estimator or function
    x : array_like of shape (rows, ...)
        Images (rows, height, width, channels), series (rows, steps, features), or a table.  Windows
        extend over all axes except the rows and, for images and series, the channels, which are
        covered together.
    output : int, array_like of int of shape (rows,) or tuple, optional
        See ``saliency``.
    size : int or sequence of int, default 4
        The size of a window along each of its axes; smaller at the ends.
    stride : int or sequence of int, optional
        The distance from one window to the next, by default the window's size.
    value : float, "mean" or array_like, default 0.0
        The value that covers: a number, the mean of each position and channel over ``x``, or an
        array with the shape of a row.

    Returns
    -------
    Attribution
        ``values`` has the shape of ``x``: for each position the mean fall of the output over the
        windows that cover it; above 0 where covering lowers it.

    Notes
    -----
    M. D. Zeiler and R. Fergus, ECCV 2014, arXiv:1311.2901.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina.inference import occlusion
    >>> series = np.array([[[1.0], [2.0], [3.0], [4.0]]])
    >>> found = occlusion(lambda x: x[:, 1, 0] + x[:, 2, 0], series, size=2)
    >>> found.values[0, :, 0]
    array([2., 2., 3., 3.])
    """
    rows = as_rows(WHO, model, x)
    axes = rows.ndim - 2 if rows.ndim > 2 else 1
    size = _sizes("size", size, axes)
    stride = size if stride is None else _sizes("stride", stride, axes)
    cover = _cover(value, rows)
    chosen, predicted = explained(WHO, model, rows, output)
    area = rows.shape[1 : 1 + axes]
    falls, covered = np.zeros((len(rows), *area)), np.zeros(area)
    for start in _starts(area, size, stride):
        window = tuple(slice(a, a + n) for a, n in zip(start, size, strict=True))
        moved = rows.copy()
        every = (slice(None), *window)
        moved[every] = cover[every]
        fall = predicted - explained(WHO, model, moved, chosen)[1]
        falls[every] += fall.reshape(-1, *(1,) * axes)
        covered[window] += 1.0
    means = np.divide(falls, covered, out=np.zeros_like(falls), where=covered > 0)
    values = means.reshape(*means.shape, *(1,) * (rows.ndim - 1 - axes))
    units = chosen[1] if isinstance(chosen, tuple) else chosen
    places = np.broadcast_to(np.asarray(units), (len(rows),)).copy()
    full = np.broadcast_to(values, rows.shape).astype(rows.dtype)
    return Attribution(full, WHO, places, predicted)


def _sizes(name: str, given: Any, axes: int) -> tuple[int, ...]:
    single = np.ndim(given) == 0 and not isinstance(given, (list, tuple))
    values = [given] * axes if single else list(given)
    if len(values) != axes:
        raise ValueError(f"{WHO}: {name} must have {axes} numbers, one per axis; got {given!r}")
    return tuple(_check.integer(WHO, name, value) for value in values)


def _starts(area: Sequence[int], size: Sequence[int], stride: Sequence[int]) -> list[Any]:
    """Return where windows begin, so that they reach the end of each axis."""
    lines = []
    for length, of_window, step in zip(area, size, stride, strict=True):
        line = list(range(0, max(length - of_window, 0) + 1, step))
        if line[-1] + of_window < length:
            line.append(line[-1] + step)
        lines.append([start for start in line if start < length])
    return [tuple(point) for point in np.stack(np.meshgrid(*lines), -1).reshape(-1, len(area))]


def _cover(value: Any, rows: Array) -> Array:
    if isinstance(value, str):
        if value != MEAN:
            raise ValueError(f"{WHO}: value must be a number, an array or 'mean'; got {value!r}")
        value = rows.mean(axis=0)
    base = as_numbers(WHO, "value", value).astype(rows.dtype)
    if not np.isfinite(base).all():
        raise ValueError(f"{WHO}: value must be finite; got {value!r:.80}")
    if base.shape not in ((), rows.shape[1:]):
        raise ValueError(
            f"{WHO}: value must be a number or an array of shape {rows.shape[1:]}; got {base.shape}"
        )
    return np.broadcast_to(base, rows.shape)
