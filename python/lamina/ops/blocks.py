"""Blocks of images: moved between space and channels, extracted as columns and put back."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina._tensors.dispatch import operation
from lamina._tensors.given import given
from lamina._tensors.tensor import Tensor
from lamina.ops._axes import shown
from lamina.ops._numbers import integer, integers
from lamina.ops._windows import channels_last, placed, sizes_of
from lamina.ops.reductions import sum as sum_of
from lamina.ops.repeating import chosen, pad
from lamina.ops.shaping import reshape, transpose

__all__ = ["depth_to_space", "fold", "space_to_depth", "unfold"]


# --- between space and channels


@operation
def depth_to_space(x: Any, block_size: int, data_format: Any = "channels_last") -> Any:
    """Return images with channels rearranged into blocks: a pixel becomes a square of pixels.

    Parameters
    ----------
    x : tensor or array_like, shape (n, height, width, channels * block_size**2)
    block_size : int
        The height and width of a block, at least 2.
    data_format : {"channels_last", "channels_first"}, default "channels_last"

    Returns
    -------
    tensor or array, shape (n, height * block_size, width * block_size, channels)

    Examples
    --------
    >>> from lamina import ops
    >>> ops.depth_to_space([[[[1, 2, 3, 4]]]], 2)[0, :, :, 0]
    array([[1, 2],
           [3, 4]], dtype=int32)
    """
    x, size, first = _checked("depth_to_space", x, block_size, data_format)
    height, width, channels = _sizes(x, first)
    if channels % size**2:
        raise ValueError(
            f"depth_to_space: block_size ** 2 must divide the channels; got block_size {size} for "
            f"shape {shown(x)}"
        )
    each = channels // size**2
    if first:
        x = transpose(reshape(x, (-1, each, size, size, height, width)), (0, 1, 4, 2, 5, 3))
        return reshape(x, (-1, each, height * size, width * size))
    x = transpose(reshape(x, (-1, height, width, size, size, each)), (0, 1, 3, 2, 4, 5))
    return reshape(x, (-1, height * size, width * size, each))


@operation
def space_to_depth(x: Any, block_size: int, data_format: Any = "channels_last") -> Any:
    """Return images with square blocks moved into channels: the inverse of ``depth_to_space``.

    Parameters
    ----------
    x : tensor or array_like, shape (n, height * block_size, width * block_size, channels)
    block_size : int
        The height and width of a block, at least 2.
    data_format : {"channels_last", "channels_first"}, default "channels_last"

    Returns
    -------
    tensor or array, shape (n, height, width, channels * block_size**2)

    Examples
    --------
    >>> from lamina import ops
    >>> ops.space_to_depth([[[[1], [2]], [[3], [4]]]], 2)
    array([[[[1, 2, 3, 4]]]], dtype=int32)
    """
    x, size, first = _checked("space_to_depth", x, block_size, data_format)
    height, width, channels = _sizes(x, first)
    if height % size or width % size:
        raise ValueError(
            f"space_to_depth: block_size must divide height and width; got block_size {size} for "
            f"shape {shown(x)}"
        )
    high, wide, all_channels = height // size, width // size, channels * size**2
    if first:
        x = transpose(reshape(x, (-1, channels, high, size, wide, size)), (0, 1, 3, 5, 2, 4))
        return reshape(x, (-1, all_channels, high, wide))
    x = transpose(reshape(x, (-1, high, size, wide, size, channels)), (0, 1, 3, 2, 4, 5))
    return reshape(x, (-1, high, wide, all_channels))


def _checked(who: str, x: Any, block_size: Any, data_format: Any) -> tuple[Tensor, int, bool]:
    """Return images, the size of a block, and whether the channels come first."""
    x = given(x)
    size = integer(who, "block_size", block_size, 2)
    if x.ndim != 4:
        raise ValueError(f"{who}: needs images (n, height, width, channels); got {shown(x)}")
    channels_last(who, x, data_format)  # checks the format
    return x, size, data_format == "channels_first"


def _sizes(x: Tensor, channels_first: bool) -> tuple[int, int, int]:
    """Return height, width and channels."""
    one, two, three = x.shape[1:]
    return (two, three, one) if channels_first else (one, two, three)


# --- columns


@operation
def unfold(x: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Any:
    """Return the windows of images as columns ("im2col").

    Parameters
    ----------
    x : tensor or array_like, shape (n, channels, height, width)
    kernel_size : int or tuple of 2 int
        The height and width of a window.
    dilation : int or tuple of 2 int, default 1
        Distance between neighbouring cells of a window.
    padding : int or tuple of 2 int, default 0
        Number of zeros at both ends of the two axes.
    stride : int or tuple of 2 int, default 1
        Distance between neighbouring windows.

    Returns
    -------
    tensor or array, shape (n, channels * kernel height * kernel width, windows)

    Examples
    --------
    >>> from lamina import ops
    >>> ops.unfold([[[[1, 2, 3], [4, 5, 6]]]], 2)[0]
    array([[1, 2],
           [2, 3],
           [4, 5],
           [5, 6]], dtype=int32)
    """
    x = given(x)
    if x.ndim != 4:
        raise ValueError(f"unfold: needs images (n, channels, height, width); got {shown(x)}")
    margins = _margins("unfold", padding)
    x = pad(x, [(0, 0), (0, 0), *[(m, m) for m in margins]])
    channels, height, width = x.shape[1:]
    cells = _cells("unfold", [height, width], kernel_size, dilation, stride)
    columns = chosen(reshape(x, (-1, channels, height * width)), cells, 2)
    return reshape(columns, (-1, channels * cells.shape[0], cells.shape[1]))


@operation
def fold(
    x: Any, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0,
    stride: Any = 1,
) -> Any:  # fmt: skip
    """Return images assembled from columns, which are added where they overlap ("col2im").

    Parameters
    ----------
    x : tensor or array_like, shape (n, channels * kernel height * kernel width, windows)
    output_size : int or tuple of 2 int
        The height and width of the images.
    kernel_size, dilation, padding, stride : int or tuple of 2 int
        The arguments of ``unfold``.

    Returns
    -------
    tensor or array, shape (n, channels, height, width)

    Examples
    --------
    >>> from lamina import ops
    >>> ops.fold([[[1, 2], [2, 3], [4, 5], [5, 6]]], (2, 3), 2)[0, 0]
    array([[ 1,  4,  3],
           [ 4, 10,  6]], dtype=int32)
    """
    x = given(x)
    size, margins = sizes_of("fold", "output_size", output_size, 2), _margins("fold", padding)
    around = [s + 2 * m for s, m in zip(size, margins, strict=True)]
    cells = _cells("fold", around, kernel_size, dilation, stride)
    if x.ndim != 3 or x.shape[1] % cells.shape[0] or x.shape[2] != cells.shape[1]:
        raise ValueError(
            f"fold: needs columns (n, channels * {cells.shape[0]}, {cells.shape[1]}) for images of "
            f"size {tuple(size)}; got {shown(x)}"
        )
    channels = x.shape[1] // cells.shape[0]
    table = _sources(cells, around[0] * around[1]).reshape(*around, -1)
    inner = table[margins[0] : margins[0] + size[0], margins[1] : margins[1] + size[1]]
    columns = pad(reshape(x, (-1, channels, cells.size)), [(0, 0), (0, 0), (0, 1)])
    return sum_of(chosen(columns, inner, 2), -1)


def _margins(who: str, padding: Any) -> list[int]:
    margins = integers(who, "padding", padding)
    margins = margins if isinstance(padding, (list, tuple)) else margins * 2
    if len(margins) != 2 or min(margins) < 0:
        raise ValueError(
            f"{who}: padding must be an integer, or two, not negative; got {padding!r}"
        )
    return margins


def _cells(who: str, size: list[int], kernel_size: Any, dilation: Any, stride: Any) -> Any:
    """Return the pixels of each window, (pixels of a window, windows)."""
    kernel = sizes_of(who, "kernel_size", kernel_size, 2)
    gaps, steps = (
        sizes_of(who, name, value, 2)
        for name, value in [("dilation", dilation), ("stride", stride)]
    )
    spans = [(k - 1) * gap + 1 for k, gap in zip(kernel, gaps, strict=True)]
    counts, _ = placed(who, size, spans, steps, "valid")
    rows, columns = (
        np.arange(k)[:, None] * gap + np.arange(count) * step
        for k, gap, count, step in zip(kernel, gaps, counts, steps, strict=True)
    )
    cells = rows[:, None, :, None] * size[1] + columns[:, None, :]
    return cells.reshape(kernel[0] * kernel[1], -1)


def _sources(cells: Any, pixels: int) -> Any:
    """Return the elements of the columns for each pixel; the index after the last means none."""
    flat = cells.ravel()
    order = np.argsort(flat, kind="stable")
    counts = np.bincount(flat, minlength=pixels)
    table = np.full((pixels, counts.max()), flat.size)
    nth = np.arange(flat.size) - np.repeat(np.cumsum(counts) - counts, counts)
    table[flat[order], nth] = order
    return table
