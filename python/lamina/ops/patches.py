"""Windows of images and volumes, with the pixels of a window along the last axis."""

from __future__ import annotations

from itertools import product
from typing import Any

from lamina._tensors.dispatch import operation
from lamina.ops._images import last_channels
from lamina.ops._windows import placed, sizes_of
from lamina.ops.indexing import get_item
from lamina.ops.joining import concatenate
from lamina.ops.repeating import pad

__all__ = ["extract_patches", "extract_patches_3d"]


@operation
def extract_patches(
    images: Any, size: Any, strides: Any = None, dilation_rate: Any = 1, padding: str = "valid",
    data_format: Any = None,
) -> Any:  # fmt: skip
    """Return windows of images, with the pixels of each window along the last axis.

    Parameters
    ----------
    images : tensor or array_like, shape (n, height, width, channels) or (height, width, channels)
        Volumes, with the depth before the height, if ``size`` has three entries.
    size : int or tuple of 2 or 3 int
        The size of the windows.
    strides : int or tuple of int, optional
        By default the size.
    dilation_rate : int or tuple of int, default 1
    padding : {"valid", "same"}, default "valid"
    data_format : {"channels_last", "channels_first"}, optional

    Examples
    --------
    >>> from lamina import ops
    >>> ops.image.extract_patches([[[1.0], [2.0], [3.0]]], (1, 2), strides=1)
    array([[[1., 2.],
            [2., 3.]]], dtype=float32)
    """
    volumes = isinstance(size, (list, tuple)) and len(size) == 3
    axes = 3 if volumes else 2
    return _patches("extract_patches", axes, images, size, strides, dilation_rate, padding,
                    data_format)  # fmt: skip


@operation
def extract_patches_3d(
    volumes: Any, size: Any, strides: Any = None, dilation_rate: Any = 1, padding: str = "valid",
    data_format: Any = None,
) -> Any:  # fmt: skip
    """Return windows of volumes, with the cells of each window along the last axis.

    Parameters
    ----------
    volumes : tensor or array_like, shape (n, depth, height, width, channels)
        Or a single volume, without the first axis.
    size : int or tuple of 3 int
        The size of the windows.
    strides : int or tuple of 3 int, optional
        By default the size.
    dilation_rate : int or tuple of 3 int, default 1
    padding : {"valid", "same"}, default "valid"
    data_format : {"channels_last", "channels_first"}, optional

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import ops
    >>> ops.image.extract_patches_3d(np.zeros((2, 4, 4, 6, 3)), 2).shape
    (2, 2, 2, 3, 24)
    """
    return _patches("extract_patches_3d", 3, volumes, size, strides, dilation_rate, padding,
                    data_format)  # fmt: skip


def _patches(
    who: str, axes: int, images: Any, size: Any, strides: Any, dilation_rate: Any, padding: str,
    data_format: Any,
) -> Any:  # fmt: skip
    x, first, back = last_channels(who, images, data_format, axes)
    window = sizes_of(who, "size", size, axes)
    steps = sizes_of(who, "strides", size if strides is None else strides, axes)
    gaps = sizes_of(who, "dilation_rate", dilation_rate, axes)
    spans = [(k - 1) * gap + 1 for k, gap in zip(window, gaps, strict=True)]
    counts, pads = placed(who, x.shape[first:-1], spans, steps, padding)
    x = pad(x, [(0, 0)] * first + [*pads, (0, 0)])
    parts = []
    for place in product(*(range(k) for k in window)):
        starts = [i * gap for i, gap in zip(place, gaps, strict=True)]
        keys = [
            slice(start, start + (count - 1) * step + 1, step)
            for start, count, step in zip(starts, counts, steps, strict=True)
        ]
        parts.append(get_item(x, (*[slice(None)] * first, *keys)))
    return back(concatenate(parts, -1))
