"""Normalisation by the root mean square."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lamina import _check, ops
from lamina._check import Shape
from lamina._tensors.given import given
from lamina.layers.base.axes import axis_of_row, integers
from lamina.layers.layer import Layer

if TYPE_CHECKING:
    from lamina._tensors import Variable
    from lamina._typing import DimArguments, Unpack

__all__ = ["RMSNormalization"]


class RMSNormalization(Layer):
    """``y = scale * x / sqrt(mean(x^2) + epsilon)``.

    Zhang and Sennrich 2019, https://arxiv.org/abs/1910.07467.

    Parameters
    ----------
    axis : int or sequence of int, default -1
        The axes to normalise over, counted with the axis of rows, which cannot be one.
    epsilon : float, default 1e-6
    **base
        See ``Layer``.

    Notes
    -----
    One weight, ``scale``, of the shape of the normalised axes.  As in Keras, masks are not passed
    on.

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.RMSNormalization(epsilon=0.0)([[1.0, 7.0]])
    array([[0.2, 1.4]], dtype=float32)
    """

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        epsilon: float = 1e-6,
        **base: Unpack[DimArguments],
    ) -> None:
        super().__init__(**base)
        checked = integers("RMSNormalization", "axis", axis)
        self.axis = checked if isinstance(axis, (list, tuple)) else checked[0]
        self.epsilon = _check.number("RMSNormalization", "epsilon", epsilon, 0.0)
        self.scale: Variable | None = None

    def _axes(self, row_shape: Shape) -> list[int]:
        """Return the positions of the axes in a row, in ascending order."""
        given_axes = integers(self.name, "axis", self.axis)
        return sorted({axis_of_row(self.name, axis, row_shape) for axis in given_axes})

    def build(self, input_shape: Any) -> None:
        """Make the scale."""
        row = tuple(input_shape[1:])
        self.scale = self.add_weight("scale", tuple(row[a] for a in self._axes(row)), "ones")

    def forget(self) -> None:
        """Undo building."""
        super().forget()
        self.scale = None

    def call(self, x: Any) -> Any:
        """Return the normalised input."""
        assert self.scale is not None
        x = given(x)
        places = self._axes(x.shape[1:])
        size = ops.mean(ops.square(x), axis=[a + 1 for a in places], keepdims=True)
        along = [n if a in places else 1 for a, n in enumerate(x.shape[1:])]
        return x * ops.rsqrt(size + self.epsilon) * ops.reshape(self.scale, along)
