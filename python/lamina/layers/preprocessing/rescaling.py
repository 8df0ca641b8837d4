"""Rescaling."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lamina import _check, ops
from lamina.layers.layer import Layer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lamina._typing import DimArguments, Unpack

__all__ = ["Rescaling"]


class Rescaling(Layer):
    """``x * scale + offset``, also of integers, for instance of pixels before a convolution.

    Parameters
    ----------
    scale : float or sequence of float
        A number, or one for each index of the last axis.
    offset : float or sequence of float, default 0.0
        Like ``scale``.
    **base
        See ``Layer``.

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.Rescaling(2.0, offset=-1.0)([[0, 1]])
    array([[-1.,  1.]], dtype=float32)
    """

    supports_masking = True
    positionwise = True

    def __init__(
        self,
        scale: float | Sequence[float],
        offset: float | Sequence[float] = 0.0,
        **base: Unpack[DimArguments],
    ) -> None:
        super().__init__(**base)
        self.scale = _numbers("scale", scale)
        self.offset = _numbers("offset", offset)

    def call(self, x: Any) -> Any:
        """Return the scaled and shifted input."""
        floats = ops.cast(x, "float32")
        return floats * np.asarray(self.scale, float) + np.asarray(self.offset, float)


def _numbers(name: str, value: Any) -> Any:
    if np.ndim(value) == 0:
        return _check.number("Rescaling", name, value)
    return _check.floats("Rescaling", name, value, "float64").tolist()
