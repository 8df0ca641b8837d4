"""Reference products in bfloat16: operands rounded, sums in float64."""

from __future__ import annotations

import numpy as np
import pytest

from lamina import _core

LACKS = _core.runtime.bfloat16_lacks()
needs_bfloat16 = pytest.mark.skipif(bool(LACKS), reason=LACKS)

# VDPBF16PS treats operands below the smallest normal number as 0.
SMALLEST = np.finfo(np.float32).tiny


def rounded(values):
    """Round float32 values to the nearest in bfloat16, ties to the even one."""
    exact = np.ascontiguousarray(values, np.float32)
    bits = exact.view(np.uint32).astype(np.uint64)
    bits = ((bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000).astype(np.uint32)
    return np.where(np.abs(exact) < SMALLEST, 0.0, bits.view(np.float32)).astype(np.float64)


def windows(x, window, strides, dilation, padding):
    """Return the windows of images (n, h, w, c) as rows: (n, out_h, out_w, window cells, c)."""
    top, bottom, left, right = padding
    x = np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)))
    span = [(size - 1) * step + 1 for size, step in zip(window, dilation, strict=True)]
    cells = np.lib.stride_tricks.sliding_window_view(x, span, (1, 2))
    cells = cells[:, :: strides[0], :: strides[1], :, :: dilation[0], :: dilation[1]]
    n, h, w, c = cells.shape[:4]
    return cells.transpose(0, 1, 2, 4, 5, 3).reshape(n, h, w, -1, c)


def spread(cells, shape, window, strides, dilation, padding):
    """Add the cells of windows to the pixels that they come from: the adjoint of `windows`."""
    top, bottom, left, right = padding
    n, height, width, c = shape
    x = np.zeros((n, height + top + bottom, width + left + right, c))
    h, w = cells.shape[1:3]
    for tap in range(window[0] * window[1]):
        row, col = (tap // window[1]) * dilation[0], (tap % window[1]) * dilation[1]
        ends = row + (h - 1) * strides[0] + 1, col + (w - 1) * strides[1] + 1
        x[:, row : ends[0] : strides[0], col : ends[1] : strides[1]] += cells[:, :, :, tap]
    return x[:, top : top + height, left : left + width]


def bound(sizes, terms):
    """Return the error that float32 sums of `terms` products may have; `sizes`: of magnitudes."""
    return (terms + 2) * np.finfo(np.float32).eps * sizes + SMALLEST
