"""Maxima and means over windows of images."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

from lamina._tensors.dispatch import operation
from lamina._tensors.given import record, wrap
from lamina._tensors.tensor import Tensor
from lamina.ops._elements import floats
from lamina.ops._windows import (
    around,
    channels_last,
    each_frame,
    each_image,
    pair,
    placed,
    sizes_of,
)
from lamina.ops.joining import stack
from lamina.ops.reductions import max as max_of
from lamina.ops.reductions import mean
from lamina.ops.splitting import part

__all__ = ["adaptive_average_pool", "adaptive_max_pool", "average_pool", "max_pool"]


@operation
def max_pool(
    inputs: Any, pool_size: Any, strides: Any = None, padding: str = "valid",
    data_format: Any = None,
) -> Any:  # fmt: skip
    """Return the maximum over windows of images, or signals, channel by channel.

    Parameters
    ----------
    inputs : tensor or array_like, shape (n, ..., channels)
        With 1 to 3 spatial axes.
    pool_size : int or tuple of int
    strides : int or tuple of int, optional
        By default the pool size.
    padding : {"valid", "same"}, default "valid"
    data_format : {"channels_last", "channels_first"}, optional

    Examples
    --------
    >>> from lamina import ops
    >>> ops.max_pool([[[1.0], [3.0], [5.0], [2.0]]], 2)[0, :, 0]
    array([3., 5.], dtype=float32)
    """
    return _pooled("max_pool", "max", inputs, pool_size, strides, padding, data_format)


@operation
def average_pool(
    inputs: Any, pool_size: Any, strides: Any = None, padding: str = "valid",
    data_format: Any = None,
) -> Any:  # fmt: skip
    """Return the mean over windows of images, or signals, channel by channel, ignoring padding.

    Parameters
    ----------
    inputs : tensor or array_like, shape (n, ..., channels)
        With 1 to 3 spatial axes.
    pool_size : int or tuple of int
    strides : int or tuple of int, optional
        By default the pool size.
    padding : {"valid", "same"}, default "valid"
    data_format : {"channels_last", "channels_first"}, optional

    Examples
    --------
    >>> from lamina import ops
    >>> x = [[[1.0], [3.0], [5.0]]]
    >>> ops.average_pool(x, 2)[0, :, 0]
    array([2.], dtype=float32)
    >>> ops.average_pool(x, 2, padding="same")[0, :, 0]
    array([2., 5.], dtype=float32)
    """
    return _pooled("average_pool", "average", inputs, pool_size, strides, padding, data_format)


def _pooled(
    who: str, kind: str, inputs: Any, pool_size: Any, strides: Any, padding: str, data_format: Any
) -> Any:
    x, back = channels_last(who, floats(inputs), data_format)
    axes = x.ndim - 2
    pool = sizes_of(who, "pool_size", pool_size, axes)
    steps = sizes_of(who, "strides", pool_size if strides is None else strides, axes)
    _, pads = placed(who, x.shape[1:-1], pool, steps, padding)

    def over(first: int, last: int) -> Callable[[Tensor], Tensor]:
        return lambda y: record(
            "pool2d", kind, y, pair(pool[first:last]), pair(steps[first:last]),
            around(pads[first:last]),
        )  # fmt: skip

    if axes < 3:
        return back(each_image(x, over(0, axes)))
    # Windows are boxes: first over each frame, then over depth, with the frames as channels.
    y = each_frame(x, over(1, 3))
    graph, at = y.recording.graph, 0 if y.rows else 1
    shape = list(y.value.shape)
    flat = wrap(graph.reshape(y.value, [*shape[: at + 1], prod(shape[at + 1 :])]))
    z = each_image(flat, over(0, 1))
    new = [*shape[:at], z.value.shape[at], *shape[at + 1 :]]
    return back(wrap(graph.reshape(z.value, new)))


@operation
def adaptive_max_pool(inputs: Any, output_size: Any, data_format: Any = None) -> Any:
    """Return maxima over ``output_size`` windows of nearly equal size, which may overlap.

    Parameters
    ----------
    inputs : tensor or array_like, shape (n, ..., channels)
        With 1 to 3 spatial axes.
    output_size : int or tuple of int
        Number of windows along each spatial axis.
    data_format : {"channels_last", "channels_first"}, optional

    Examples
    --------
    >>> from lamina import ops
    >>> ops.adaptive_max_pool([[[1.0], [4.0], [3.0], [2.0]]], 2)[0, :, 0]
    array([4., 3.], dtype=float32)
    """
    return _adapted("adaptive_max_pool", max_of, inputs, output_size, data_format)


@operation
def adaptive_average_pool(inputs: Any, output_size: Any, data_format: Any = None) -> Any:
    """Return means over ``output_size`` windows of nearly equal size, which may overlap.

    Parameters
    ----------
    inputs : tensor or array_like, shape (n, ..., channels)
        With 1 to 3 spatial axes.
    output_size : int or tuple of int
        Number of windows along each spatial axis.
    data_format : {"channels_last", "channels_first"}, optional

    Examples
    --------
    >>> from lamina import ops
    >>> ops.adaptive_average_pool([[[1.0], [3.0], [5.0]]], 2)[0, :, 0]
    array([2., 4.], dtype=float32)
    """
    return _adapted("adaptive_average_pool", mean, inputs, output_size, data_format)


def _adapted(
    who: str, reduce: Callable[..., Any], inputs: Any, output_size: Any, data_format: Any
) -> Any:
    x, back = channels_last(who, floats(inputs), data_format)
    for axis, count in enumerate(sizes_of(who, "output_size", output_size, x.ndim - 2), 1):
        size = x.shape[axis]
        bounds = [(i * size // count, -(-(i + 1) * size // count)) for i in range(count)]
        x = stack([reduce(part(x, axis, a, b - a), axis) for a, b in bounds], axis)
    return back(x)
