"""Permute."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lamina import _check
from lamina._tensors.given import record
from lamina.layers.base.rowwise import RowWise

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Unpack

__all__ = ["Permute"]


class Permute(RowWise):
    """Change the order of a row's axes.

    Parameters
    ----------
    dims : sequence of int
        Axis ``dims[i]`` becomes axis ``i``; a row's axes are counted from 1.
    **base
        See ``Layer``.

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.Permute((2, 1))([[[1.0, 2.0], [3.0, 4.0]]])
    array([[[1., 3.],
            [2., 4.]]], dtype=float32)
    """

    input_dtype = None

    def __init__(self, dims: Sequence[int], **base: Unpack[DimArguments]) -> None:
        super().__init__(**base)
        self.dims = _check.shape("Permute", "dims", dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise ValueError(
                f"Permute: dims must hold each of 1 to {len(self.dims)} once; got {self.dims}"
            )

    def call_rows(self, x: Any) -> Any:
        """Return the permutation."""
        if len(x.row_shape) != len(self.dims):
            raise ValueError(
                f"{self.name}: dims {self.dims} do not fit input {_check.show_shape(x.row_shape)}"
            )
        return record("permute", x, [axis - 1 for axis in self.dims])
