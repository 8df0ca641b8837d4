"""Upsampling of sequences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamina._tensors.given import given
from lamina.layers.base.axes import cells, needs_rank, repeated
from lamina.layers.layer import Layer

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Unpack

__all__ = ["UpSampling1D"]


class UpSampling1D(Layer):
    """Repeat each step of a sequence.

    Parameters
    ----------
    size : int, default 2
        Number of repetitions.
    **base
        See ``Layer``.

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.UpSampling1D(2)([[[1.0], [2.0]]]).ravel()
    array([1., 1., 2., 2.], dtype=float32)
    """

    def __init__(self, size: int = 2, **base: Unpack[DimArguments]) -> None:
        super().__init__(**base)
        self.size = cells("UpSampling1D", "size", size, 1)

    def call(self, x: Any) -> Any:
        """Return the longer sequence."""
        x = given(x)
        needs_rank(self.name, x.row_shape, 2, "steps, channels")
        return repeated(self.name, x, [self.size, 1])
