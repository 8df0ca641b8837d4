"""The norm of gradients that may be very large."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina._check import quiet

Array = NDArray[Any]


class Norm:
    """The norm of some gradients as a product, since it may be too large for a float."""

    def __init__(self, gradients: Sequence[Array]) -> None:
        self._unit = 1.0
        squares = self._squares(gradients)
        if not math.isfinite(squares):
            self._unit = max((float(np.abs(g).max(initial=0.0)) for g in gradients), default=0.0)
            squares = self._squares(gradients)
        self._root = math.sqrt(squares)

    def _squares(self, gradients: Sequence[Array]) -> float:
        with np.errstate(all="ignore"):
            wide = (np.asarray(g, np.float64) / self._unit for g in gradients)
            return sum(float(np.square(g).sum()) for g in wide)

    @quiet
    def shorten(self, gradient: Array, limit: float) -> Array:
        """Return the gradient times limit / norm, or unchanged if the norm is within the limit."""
        if not self._root > limit / self._unit:
            return gradient
        factor = limit / self._unit / self._root
        if factor >= np.finfo(gradient.dtype).tiny:
            return np.asarray(gradient * gradient.dtype.type(factor))
        # Too small for the gradient's dtype, or for any: applied in two steps.
        shorter = np.asarray(gradient, np.float64) / self._unit * (limit / self._root)
        return shorter.astype(gradient.dtype)
