"""PReLU."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lamina import _core, constraints, initializers, regularizers
from lamina._check import Shape
from lamina._tensors.given import given, record
from lamina.layers.base.axes import axis_of_row, integers, moved_last, permuted
from lamina.layers.base.rowwise import RowWise

if TYPE_CHECKING:
    from lamina._tensors import Variable
    from lamina._typing import (
        ConstraintLike,
        DimArguments,
        InitializerLike,
        RegularizerLike,
        Unpack,
    )

__all__ = ["PReLU"]


class PReLU(RowWise):
    """``x`` for x > 0, else ``alpha * x``, with learned slopes ``alpha``.

    He et al. 2015, https://arxiv.org/abs/1502.01852.

    Parameters
    ----------
    alpha_initializer : str or Initializer, default "zeros"
    alpha_regularizer : str, Regularizer or callable, optional
    alpha_constraint : str, Constraint or callable, optional
        Constraint applied to the weight after each step of training.
    shared_axes : int or sequence of int, optional
        Axes along which the slope is shared, with a row's axes counted from 1: (1, 2) for one slope
        per channel of an image.
    **base
        See ``Layer``.

    Notes
    -----
    Weights: alpha, of the shape of a row with size 1 along the shared axes.

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.PReLU("ones")([[-1.0, 2.0]])
    array([[-1.,  2.]], dtype=float32)
    """

    supports_masking = True

    def __init__(
        self,
        alpha_initializer: InitializerLike = "zeros",
        alpha_regularizer: RegularizerLike = None,
        shared_axes: int | Sequence[int] | None = None,
        *,
        alpha_constraint: ConstraintLike = None,
        **base: Unpack[DimArguments],
    ) -> None:
        super().__init__(**base)
        self.alpha_initializer = initializers.get(alpha_initializer)
        self.alpha_regularizer = regularizers.get(alpha_regularizer)
        self.alpha_constraint = constraints.get(alpha_constraint)
        self.shared_axes = (
            None if shared_axes is None else integers("PReLU", "shared_axes", shared_axes)
        )
        self._alpha: _core.Parameter | None = None

    @property
    def alpha(self) -> Variable | None:
        """The live slopes; None before the layer is built."""
        return self._live(self._alpha)

    def _shared(self, input_shape: Shape) -> set[int]:
        return {axis_of_row(self.name, axis, input_shape) for axis in self.shared_axes or ()}

    def _slopes(self, input_shape: Shape) -> Shape:
        shared = self._shared(input_shape)
        return tuple(1 if i in shared else n for i, n in enumerate(input_shape))

    def weights_fit(self, input_shape: Shape) -> bool:
        """Return whether the axes that are not shared are the same."""
        return self._slopes(input_shape) == self._slopes(self._built_shape)

    def build(self, input_shape: Shape) -> None:
        """Make the slopes."""
        self._alpha = self.add_weight(
            "alpha",
            self._slopes(input_shape),
            self.alpha_initializer,
            regularizer=self.alpha_regularizer,
            constraint=self.alpha_constraint,
        )

    def forget(self) -> None:
        """Undo building."""
        super().forget()
        self._alpha = None

    def call_rows(self, x: Any) -> Any:
        """Return the function, with the shared axes moved to the front."""
        rank, shared = len(x.row_shape), self._shared(x.row_shape)
        there, back = moved_last([i for i in range(rank) if i not in shared], rank)
        y = record("prelu", permuted(x, there), given(self._alpha))
        return permuted(y, back)
