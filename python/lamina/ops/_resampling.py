"""Weights of the pixels of one axis for those of another: interpolation kernels.

``m`` is NumPy, or ``lamina.ops`` if the scale is recorded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Kernel = Callable[[Any, Any], Any]

NOTHING = 1000 * float(np.finfo(np.float32).eps)  # a smaller sum of weights cannot be scaled to 1


def weights_of(
    m: Any, sizes: tuple[int, int], kernel: Kernel, scale: Any, translation: Any, antialias: bool
) -> Any:
    """Return the weights, (old size, new size): those of a new pixel sum to 1, or all are 0.

    An old position p becomes ``p * scale + translation``, where pixel i covers i to i + 1.
    """
    size, length = sizes
    inverse = 1.0 / scale
    spread = m.maximum(inverse, 1.0) if antialias else 1.0
    centres = inverse * (np.arange(length) + 0.5) - translation * inverse - 0.5
    weights = kernel(m.abs(centres - np.arange(size)[:, None]) / spread, m)
    total = m.sum(weights, 0)
    some = m.abs(total) > NOTHING
    inside = m.logical_and(centres >= -0.5, centres <= size - 0.5)
    shares = weights / m.where(some, total, 1.0)
    return m.where(m.logical_and(some, inside), shares, 0.0)


def _triangle(x: Any, m: Any) -> Any:
    return m.maximum(1.0 - x, 0.0)


def _cubic(x: Any, m: Any) -> Any:
    """Keys's kernel with a = -1/2 (1981)."""
    near, far = ((1.5 * x - 2.5) * x) * x + 1.0, ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0
    return m.where(x >= 2, 0.0, m.where(x >= 1, far, near))


def _lanczos(radius: float) -> Kernel:
    return lambda x, m: m.where(x > radius, 0.0, m.sinc(x) * m.sinc(x / radius))


KERNELS: dict[str, Kernel] = {
    "bilinear": _triangle,
    "bicubic": _cubic,
    "lanczos3": _lanczos(3.0),
    "lanczos5": _lanczos(5.0),
}
