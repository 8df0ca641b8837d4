"""Group normalisation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamina import _check, constraints, initializers, ops, regularizers
from lamina._tensors.given import given, record
from lamina.layers.base.axes import axis_of_row
from lamina.layers.layer import Layer

if TYPE_CHECKING:
    from lamina._tensors import Variable
    from lamina._typing import (
        ConstraintLike,
        DimArguments,
        InitializerLike,
        RegularizerLike,
        Unpack,
    )

__all__ = ["GroupNormalization"]


class GroupNormalization(Layer):
    """``y = gamma * (x - mean) / sqrt(variance + epsilon) + beta`` by groups of channels.

    Mean and variance are those of a group of channels of one row, over all its positions.  Wu and
    He 2018, https://arxiv.org/abs/1803.08494.

    Parameters
    ----------
    groups : int, default 32
        A divisor of the number of channels; -1 makes each channel its own group.
    axis : int, default -1
        The axis of channels, counted with the axis of rows.
    epsilon : float, default 0.001
    center, scale : bool, default True
        Whether ``beta`` is added; whether the result is multiplied by ``gamma``.
    beta_initializer, gamma_initializer : str or Initializer, default "zeros", "ones"
    beta_regularizer, gamma_regularizer : str or Regularizer, optional
    beta_constraint, gamma_constraint : str or callable, optional
    **base
        See ``Layer``.

    Raises
    ------
    ValueError
        If the groups do not divide the channels.

    Notes
    -----
    Weights, one number for each channel: gamma, then beta.

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.GroupNormalization(2, epsilon=0.0)([[1.0, 3.0, 10.0, 30.0]])
    array([[-1.,  1., -1.,  1.]], dtype=float32)
    """

    supports_masking = True

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: InitializerLike = "zeros",
        gamma_initializer: InitializerLike = "ones",
        beta_regularizer: RegularizerLike = None,
        gamma_regularizer: RegularizerLike = None,
        beta_constraint: ConstraintLike = None,
        gamma_constraint: ConstraintLike = None,
        **base: Unpack[DimArguments],
    ) -> None:
        super().__init__(**base)
        who = "GroupNormalization"
        self.groups = -1 if groups == -1 else _check.integer(who, "groups", groups)
        self.axis = _check.integer(who, "axis", axis, -_check.MAX_ELEMENTS)
        self.epsilon = _check.number(who, "epsilon", epsilon, 0.0)
        self.center = _check.boolean(who, "center", center)
        self.scale = _check.boolean(who, "scale", scale)
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)
        self.gamma: Variable | None = None
        self.beta: Variable | None = None

    def build(self, input_shape: Any) -> None:
        """Make gamma and beta."""
        channels = input_shape[1 + axis_of_row(self.name, self.axis, input_shape[1:])]
        if channels is not None:
            self._groups_of(channels)
        if self.scale:
            self.gamma = self.add_weight(
                "gamma",
                (channels,),
                self.gamma_initializer,
                regularizer=self.gamma_regularizer,
                constraint=self.gamma_constraint,
            )
        if self.center:
            self.beta = self.add_weight(
                "beta",
                (channels,),
                self.beta_initializer,
                regularizer=self.beta_regularizer,
                constraint=self.beta_constraint,
            )

    def forget(self) -> None:
        """Undo building."""
        super().forget()
        self.gamma = self.beta = None

    def _groups_of(self, channels: int) -> int:
        groups = channels if self.groups == -1 else self.groups
        if channels % groups:
            raise ValueError(
                f"{self.name}: groups must divide the input's channels; got {groups} groups, "
                f"{channels} channels"
            )
        return groups

    def call(self, x: Any) -> Any:
        """Return the normalised groups, times gamma, plus beta."""
        x = given(x)
        axis = 1 + axis_of_row(self.name, self.axis, x.shape[1:])
        order = [0, axis, *(a for a in range(1, x.ndim) if a != axis)]
        moved = ops.transpose(x, order)
        rows, channels, *rest = ops.shape(moved)
        groups = self._groups_of(channels)
        apart = ops.reshape(moved, (rows, groups, channels // groups, *rest))
        normal = record("layer_norm", apart, apart.ndim - 2, epsilon=self.epsilon)
        y = ops.transpose(
            ops.reshape(normal, ops.shape(moved)), [order.index(a) for a in range(x.ndim)]
        )
        along = [1] * (x.ndim - 1)
        along[axis - 1] = channels
        y = y if self.gamma is None else y * ops.reshape(self.gamma, along)
        return y if self.beta is None else y + ops.reshape(self.beta, along)
