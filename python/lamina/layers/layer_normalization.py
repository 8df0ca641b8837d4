"""Layer normalisation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lamina import _check, _core, initializers, regularizers
from lamina._check import Shape
from lamina.layers._axes import axis_of_row, integers
from lamina.layers.layer import Layer


class LayerNormalization(Layer):
    """``y = gamma * (x - mean) / sqrt(variance + epsilon) + beta``, each row by itself.

    Mean and variance (divided by the count) are those of the row's last axis, or last axes; in
    training and prediction alike.  Ba, Kiros and Hinton 2016, https://arxiv.org/abs/1607.06450.

    Parameters
    ----------
    axis : int or sequence of int, default -1
        The axes to normalise over, the last ones, counted with the axis of rows.
    epsilon : float, default 0.001
    center, scale : bool, default True
        Whether ``beta`` is added, whether ``gamma`` multiplies.
    beta_initializer, gamma_initializer : str or Initializer, default "zeros", "ones"
    beta_regularizer, gamma_regularizer : str or Regularizer, optional
    **base
        See ``Layer``.

    Notes
    -----
    Weights, each of the normalised axes' shape: gamma, beta.

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.LayerNormalization(epsilon=0.0)([[1.0, 3.0]])
    array([[-1.,  1.]], dtype=float32)
    """

    supports_masking = True

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        **base: Any,
    ) -> None:
        super().__init__(**base)
        who = "LayerNormalization"
        self.axis = integers(who, "axis", axis) if isinstance(axis, (list, tuple)) else axis
        integers(who, "axis", axis)
        self.epsilon = _check.number(who, "epsilon", epsilon, 0.0)
        self.center = _check.boolean(who, "center", center)
        self.scale = _check.boolean(who, "scale", scale)
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self._gamma: _core.Parameter | None = None
        self._beta: _core.Parameter | None = None

    def _axes(self, input_shape: Shape) -> int:
        given = integers(self.name, "axis", self.axis)
        places = sorted(axis_of_row(self.name, axis, input_shape) for axis in given)
        if not places or places != list(range(len(input_shape) - len(places), len(input_shape))):
            raise ValueError(
                f"{self.name}: axis must hold the last axes of input "
                f"{_check.show_shape(input_shape)}; got {self.axis}"
            )
        return len(places)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the input's shape."""
        self._axes(input_shape)
        return input_shape

    def _features(self, input_shape: Shape) -> Shape:
        return input_shape[len(input_shape) - self._axes(input_shape) :]

    def weights_fit(self, input_shape: Shape) -> bool:
        """Return whether the normalised axes are the same: the others are rows to them."""
        return self._features(input_shape) == self._features(self._built_shape)

    def build(self, input_shape: Shape) -> None:
        """Make gamma and beta."""
        shape = self._features(input_shape)
        if self.scale:
            self._gamma = self.add_weight("gamma", shape, self.gamma_initializer)
        if self.center:
            self._beta = self.add_weight("beta", shape, self.beta_initializer)

    def forget(self) -> None:
        """Undo building."""
        super().forget()
        self._gamma = self._beta = None

    def record(self, graph: _core.Graph, x: _core.Tensor) -> _core.Tensor:
        """Record the normalisation."""
        return graph.layer_norm(
            x,
            self._axes(tuple(x.shape)),
            gamma=None if self._gamma is None else graph.parameter(self._gamma),
            beta=None if self._beta is None else graph.parameter(self._beta),
            epsilon=self.epsilon,
            name=self.name,
        )

    def penalties(self) -> list[tuple[_core.Parameter, float, float]]:
        """Return those of gamma and of beta."""
        pairs = ((self._gamma, self.gamma_regularizer), (self._beta, self.beta_regularizer))
        return [(p, r.l1, r.l2) for p, r in pairs if p is not None and r is not None]
