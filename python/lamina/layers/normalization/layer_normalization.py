"""Layer normalisation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lamina import _check, _core, constraints, initializers, regularizers
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

__all__ = ["LayerNormalization"]


class LayerNormalization(RowWise):
    """``y = gamma * (x - mean) / sqrt(variance + epsilon) + beta``, row by row.

    Mean and variance (divided by the count) are those over the given axes, in training and in
    prediction.  Ba, Kiros and Hinton 2016, https://arxiv.org/abs/1607.06450.

    Parameters
    ----------
    axis : int or sequence of int, default -1
        The axes to normalise over, counted with the axis of rows, which cannot be one.
    epsilon : float, default 0.001
    center, scale : bool, default True
        Whether ``beta`` is added; whether the result is multiplied by ``gamma``.
    beta_initializer, gamma_initializer : str or Initializer, default "zeros", "ones"
    beta_regularizer, gamma_regularizer : str, Regularizer or callable, optional
    **base
        See ``Layer``.

    Raises
    ------
    ValueError, TypeError
        If an axis is not an integer, occurs twice, or is not an axis of the input.

    Notes
    -----
    Weights, each of the shape of the normalised axes, in the order in which they lie: gamma, beta.
    A row whose squares overflow or vanish in its dtype is normalised in float64, so that outputs
    and gradients are accurate for numbers of any size.

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.LayerNormalization(epsilon=0.0)([[1.0, 3.0]])
    array([[-1.,  1.]], dtype=float32)
    """

    supports_masking = True
    changeable = ("epsilon",)

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: InitializerLike = "zeros",
        gamma_initializer: InitializerLike = "ones",
        beta_regularizer: RegularizerLike = None,
        gamma_regularizer: RegularizerLike = None,
        *,
        beta_constraint: ConstraintLike = None,
        gamma_constraint: ConstraintLike = None,
        **base: Unpack[DimArguments],
    ) -> None:
        super().__init__(**base)
        who = "LayerNormalization"
        checked = integers(who, "axis", axis)
        self.axis = checked if isinstance(axis, (list, tuple)) else checked[0]
        self.epsilon = _check.number(who, "epsilon", epsilon, 0.0)
        self.center = _check.boolean(who, "center", center)
        self.scale = _check.boolean(who, "scale", scale)
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.gamma_constraint = constraints.get(gamma_constraint)
        self._gamma: _core.Parameter | None = None
        self._beta: _core.Parameter | None = None

    @property
    def gamma(self) -> Variable | None:
        """The live factors; None with ``scale=False`` or before the layer is built."""
        return self._live(self._gamma)

    @property
    def beta(self) -> Variable | None:
        """The live offsets; None with ``center=False`` or before the layer is built."""
        return self._live(self._beta)

    def _axes(self, input_shape: Shape) -> list[int]:
        """Return the positions of the axes in a row, in ascending order."""
        asked = integers(self.name, "axis", self.axis)
        places = sorted({axis_of_row(self.name, axis, input_shape) for axis in asked})
        if not places or len(places) < len(asked):
            raise ValueError(
                f"{self.name}: axis must hold at least one axis of input "
                f"{_check.show_shape(input_shape)}, and each once; got {self.axis}"
            )
        return places

    def _features(self, input_shape: Shape) -> Shape:
        return tuple(input_shape[place] for place in self._axes(input_shape))

    def weights_fit(self, input_shape: Shape) -> bool:
        """Return whether the normalised axes are the same: all other axes act as rows."""
        return self._features(input_shape) == self._features(self._built_shape)

    def build(self, input_shape: Shape) -> None:
        """Make gamma and beta."""
        shape = self._features(input_shape)
        if self.scale:
            self._gamma = self.add_weight(
                "gamma",
                shape,
                self.gamma_initializer,
                regularizer=self.gamma_regularizer,
                constraint=self.gamma_constraint,
            )
        if self.center:
            self._beta = self.add_weight(
                "beta",
                shape,
                self.beta_initializer,
                regularizer=self.beta_regularizer,
                constraint=self.beta_constraint,
            )

    def forget(self) -> None:
        """Undo building."""
        super().forget()
        self._gamma = self._beta = None

    def call_rows(self, x: Any) -> Any:
        """Return the normalisation; over other axes it is wrapped in two permutations."""
        axes = self._axes(x.row_shape)
        there, back = moved_last(axes, len(x.row_shape))
        y = record(
            "layer_norm",
            permuted(x, there),
            len(axes),
            gamma=None if self._gamma is None else given(self._gamma),
            beta=None if self._beta is None else given(self._beta),
            epsilon=self.epsilon,
        )
        return permuted(y, back)
