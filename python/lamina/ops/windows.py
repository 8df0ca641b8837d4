"""Convolutions over 1 to 3 spatial axes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from lamina._check import choice
from lamina._tensors.dispatch import operation
from lamina._tensors.given import given, record, wrap
from lamina._tensors.tensor import Tensor
from lamina.kernels._windows import transposed_axis
from lamina.ops._axes import shown
from lamina.ops._elements import floats
from lamina.ops._windows import (
    Pads,
    around,
    channels_last,
    each_frame,
    each_image,
    pair,
    placed,
    sizes_of,
)
from lamina.ops.arithmetic import add
from lamina.ops.indexing import get_item

__all__ = ["conv", "conv_transpose", "depthwise_conv", "separable_conv"]


@operation
def conv(
    inputs: Any, kernel: Any, strides: Any = 1, padding: str = "valid", data_format: Any = None,
    dilation_rate: Any = 1,
) -> Any:  # fmt: skip
    """Return the convolution of images, or signals, with a kernel.

    Parameters
    ----------
    inputs : tensor or array_like, shape (n, ..., channels)
        With 1 to 3 spatial axes.
    kernel : tensor or array_like, shape (..., channels / groups, filters)
        Fewer channels than the inputs have form groups that do not mix.
    strides : int or tuple of int, default 1
    padding : {"valid", "same"}, default "valid"
    data_format : {"channels_last", "channels_first"}, optional
    dilation_rate : int or tuple of int, default 1

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import ops
    >>> ops.conv(np.ones((1, 4, 1)), np.ones((2, 1, 1)))[0, :, 0]
    array([2., 2., 2.])
    """
    x, back = channels_last("conv", floats(inputs), data_format)
    w = _kernel("conv", x, kernel)
    channels, each = x.shape[-1], w.shape[-2]
    groups = channels // each if each else 0
    if groups * each != channels or not groups or w.shape[-1] % groups:
        raise ValueError(
            f"conv: a kernel of shape {shown(w)} does not fit inputs of shape {shown(x)}: its "
            f"channels must divide theirs, into groups that divide its filters"
        )
    return back(_convolved("conv", x, w, strides, padding, dilation_rate, groups))


@operation
def depthwise_conv(
    inputs: Any, kernel: Any, strides: Any = 1, padding: str = "valid", data_format: Any = None,
    dilation_rate: Any = 1,
) -> Any:  # fmt: skip
    """Return each channel of images, or signals, convolved with its own kernels.

    Parameters
    ----------
    inputs : tensor or array_like, shape (n, ..., channels)
        With 1 to 3 spatial axes.
    kernel : tensor or array_like, shape (..., channels, multiplier)
    strides : int or tuple of int, default 1
    padding : {"valid", "same"}, default "valid"
    data_format : {"channels_last", "channels_first"}, optional
    dilation_rate : int or tuple of int, default 1

    Returns
    -------
    tensor or array, shape (n, ..., channels * multiplier)

    Examples
    --------
    >>> from lamina import ops
    >>> kernel = [[[1.0], [10.0]], [[1.0], [10.0]]]
    >>> ops.depthwise_conv([[[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]]], kernel)[0]
    array([[ 3., 30.],
           [ 5., 50.]], dtype=float32)
    """
    x, back = channels_last("depthwise_conv", floats(inputs), data_format)
    w = _kernel("depthwise_conv", x, kernel)
    if w.shape[-2] != x.shape[-1]:
        raise ValueError(
            f"depthwise_conv: a kernel of shape {shown(w)} needs {w.shape[-2]} channels; got "
            f"inputs of shape {shown(x)}"
        )
    return back(_convolved("depthwise_conv", x, w, strides, padding, dilation_rate, 0))


@operation
def separable_conv(
    inputs: Any, depthwise_kernel: Any, pointwise_kernel: Any, strides: Any = 1,
    padding: str = "valid", data_format: Any = None, dilation_rate: Any = 1,
) -> Any:  # fmt: skip
    """Return ``depthwise_conv`` followed by a convolution with a kernel of size 1.

    Parameters
    ----------
    inputs : tensor or array_like, shape (n, ..., channels)
        With 1 to 3 spatial axes.
    depthwise_kernel : tensor or array_like, shape (..., channels, multiplier)
    pointwise_kernel : tensor or array_like, shape (1, ..., channels * multiplier, filters)
    strides : int or tuple of int, default 1
    padding : {"valid", "same"}, default "valid"
    data_format : {"channels_last", "channels_first"}, optional
    dilation_rate : int or tuple of int, default 1

    Examples
    --------
    >>> from lamina import ops
    >>> x = [[[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]]]
    >>> ops.separable_conv(x, ops.ones((2, 2, 1)), [[[1.0], [100.0]]])[0, :, 0]
    array([303., 505.], dtype=float32)
    """
    y = depthwise_conv(
        given(inputs), depthwise_kernel, strides, padding, data_format, dilation_rate
    )
    return conv(y, pointwise_kernel, 1, "valid", data_format)


def _kernel(who: str, x: Tensor, kernel: Any) -> Tensor:
    w = floats(kernel)
    if w.ndim != x.ndim or w.rows:
        raise ValueError(
            f"{who}: kernel must have {x.ndim} axes, and none of rows, for inputs of shape "
            f"{shown(x)}; got {shown(w)}"
        )
    return w


def _convolved(
    who: str, x: Tensor, w: Tensor, strides: Any, padding: str, dilation_rate: Any, groups: int
) -> Tensor:
    axes = x.ndim - 2
    steps = sizes_of(who, "strides", strides, axes)
    dilation = sizes_of(who, "dilation_rate", dilation_rate, axes)
    spans = [(k - 1) * d + 1 for k, d in zip(w.shape[:axes], dilation, strict=True)]
    counts, pads = placed(who, x.shape[1:-1], spans, steps, padding)

    def plane(kernel: Tensor, last: int) -> Callable[[Tensor], Tensor]:
        return lambda y: record(
            "conv2d", y, kernel, None, pair(steps[-last:]), pair(dilation[-last:]),
            around(pads[-last:]), groups,
        )  # fmt: skip

    if axes < 3:
        return each_image(x, plane(w, axes))
    # The sum over the kernel's depth of convolutions of all frames with one of its slices.
    padded = _padded_depth(x, pads[0])
    total: Any = None
    for tap in range(w.shape[0]):
        start = tap * dilation[0]
        stop = start + (counts[0] - 1) * steps[0] + 1
        frames = get_item(padded, (slice(None), slice(start, stop, steps[0])))
        y = each_frame(frames, plane(get_item(w, tap), 2))
        total = y if total is None else add(total, y)
    return total  # type: ignore[no-any-return]


def _padded_depth(x: Tensor, ends: tuple[int, int]) -> Tensor:
    if ends == (0, 0):
        return x
    margins = [(0, 0)] * len(x.value.shape)
    margins[0 if x.rows else 1] = ends
    return record("pad", x, margins)  # type: ignore[no-any-return]


# --- transposed


@operation
def conv_transpose(
    inputs: Any, kernel: Any, strides: Any = 1, padding: str = "valid", output_padding: Any = None,
    data_format: Any = None, dilation_rate: Any = 1,
) -> Any:  # fmt: skip
    """Return the transposed convolution, which spreads each position over a window.

    Parameters
    ----------
    inputs : tensor or array_like, shape (n, ..., channels)
    kernel : tensor or array_like, shape (..., filters, channels)
    strides : int or tuple of int, default 1
        Strides of the windows over the output.
    padding : {"valid", "same"}, default "valid"
    output_padding : int or tuple of int, optional
        Cells added at the end of each axis, fewer than the strides.
    data_format : {"channels_last", "channels_first"}, optional
    dilation_rate : int or tuple of int, default 1

    Examples
    --------
    >>> from lamina import ops
    >>> ops.conv_transpose([[[1.0], [10.0]]], ops.ones((2, 1, 1)), strides=2)[0, :, 0]
    array([ 1.,  1., 10., 10.], dtype=float32)
    >>> ops.conv_transpose([[[1.0], [10.0]]], ops.ones((2, 1, 1)))[0, :, 0]
    array([ 1., 11., 10.], dtype=float32)
    """
    who = "conv_transpose"
    x, back = channels_last(who, floats(inputs), data_format)
    w = _kernel(who, x, kernel)
    if w.shape[-1] != x.shape[-1]:
        raise ValueError(
            f"{who}: a kernel of shape {shown(w)} needs {w.shape[-1]} channels; got inputs of "
            f"shape {shown(x)}"
        )
    axes = x.ndim - 2
    steps = sizes_of(who, "strides", strides, axes)
    dilation = sizes_of(who, "dilation_rate", dilation_rate, axes)
    choice(who, "padding", padding, ("valid", "same"))
    extra: Sequence[Any] = [None] * axes
    if output_padding is not None:
        extra = sizes_of(who, "output_padding", output_padding, axes, 0)
    spans = [(k - 1) * d + 1 for k, d in zip(w.shape[:axes], dilation, strict=True)]
    found = [
        transposed_axis(n, k, s, padding, e)
        for n, k, s, e in zip(x.shape[1:-1], spans, steps, extra, strict=True)
    ]
    sizes, pads = [size for size, _ in found], [ends for _, ends in found]
    if min(sizes) < 1:
        raise ValueError(f"{who}: the output must not be empty; it has size {tuple(sizes)}")
    return back(_spread(x, w, steps, dilation, sizes, pads))


def _spread(
    x: Tensor, w: Tensor, steps: list[int], dilation: list[int], sizes: list[int], pads: Pads
) -> Tensor:
    def plane(kernel: Tensor, last: int) -> Callable[[Tensor], Tensor]:
        return lambda y: record(
            "conv2d_transpose", y, kernel, None, pair(steps[-last:]), pair(dilation[-last:]),
            around(pads[-last:]), pair(sizes[-last:]),
        )  # fmt: skip

    axes = x.ndim - 2
    if axes < 3:
        return each_image(x, plane(w, axes))
    # Frame d and slice t of the kernel contribute to frame d stride + t dilation - before of the
    # output.
    total: Any = None
    for tap in range(w.shape[0]):
        y = each_frame(x, plane(get_item(w, tap), 2))
        y = _placed_depth(y, steps[0], tap * dilation[0] - pads[0][0], sizes[0])
        total = y if total is None else add(total, y)
    return total  # type: ignore[no-any-return]


def _placed_depth(y: Tensor, stride: int, offset: int, size: int) -> Tensor:
    """Return frames with zeros between and around them: the first one is at ``offset``."""
    graph, at = y.recording.graph, 0 if y.rows else 1
    shape = list(y.value.shape)
    depth = shape[at]
    apart = wrap(graph.reshape(y.value, [*shape[: at + 1], 1, *shape[at + 1 :]]))
    margins = [(0, 0)] * (len(shape) + 1)
    margins[at + 1] = (0, stride - 1)
    wide = record("pad", apart, margins)
    wide = wrap(graph.reshape(wide.value, [*shape[:at], depth * stride, *shape[at + 1 :]]))
    before, after = max(offset, 0), max(size - offset - depth * stride, 0)
    margins = [(0, 0)] * len(shape)
    margins[at] = (before, after)
    wide = record("pad", wide, margins)
    start = before - offset
    return get_item(wide, (slice(None), slice(start, start + size)))  # type: ignore[no-any-return]
